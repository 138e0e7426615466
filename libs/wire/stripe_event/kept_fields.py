"""The list itself: for each kind of object the names that are kept, nested as Stripe nests them."""

from collections.abc import Mapping
from typing import TypeAlias

from libs.wire.stripe_event.kinds import Kind

Fields: TypeAlias = Mapping[str, "Fields"]

PLAIN: Fields = {}  # a scalar, or the id of what is expanded here
METADATA: Fields = {"": {}}  # only the keys that can name a client
EACH = "*"  # any key: the values are cut alike


def _fields(names: str, **nested: Fields) -> Fields:
    return {**dict.fromkeys(names.split(), PLAIN), **nested}


_TIERS = _fields("up_to amount unit_amount unit_amount_decimal flat_amount flat_amount_decimal")
_PACKAGE = _fields("divide_by round")
_PRICE_OPTION = _fields("unit_amount unit_amount_decimal tax_behavior", tiers=_TIERS)
_PRICE = _fields(
    "id object active billing_scheme created currency deleted livemode product tax_behavior tiers_mode type"
    " unit_amount unit_amount_decimal",
    recurring=_fields("interval interval_count usage_type meter trial_period_days"),
    tiers=_TIERS,
    transform_quantity=_PACKAGE,
    currency_options={EACH: _PRICE_OPTION},
)
_PLAN = _fields(
    "id object active amount amount_decimal billing_scheme created currency deleted interval interval_count livemode"
    " meter product tiers_mode trial_period_days usage_type",
    tiers=_TIERS,
    transform_usage=_PACKAGE,
)
_COUPON = _fields(
    "id object amount_off created currency deleted duration duration_in_months livemode percent_off valid",
    currency_options={EACH: _fields("amount_off")},
    applies_to=_fields("products"),
)
_DISCOUNT = _fields(
    "id object customer deleted end invoice start subscription subscription_item",
    coupon=_COUPON,
    source=_fields("type", coupon=_COUPON),
)
_TAX_RATE = _fields("id object active inclusive percentage effective_percentage")
_ITEM = _fields(
    "id object created current_period_start current_period_end deleted quantity subscription",
    price=_PRICE,
    plan=_PLAN,
    discounts=_DISCOUNT,
    tax_rates=_TAX_RATE,
)
_WHY = _fields("comment feedback feedback_option reason")
_SUBSCRIPTION = _fields(
    "id object billing billing_cycle_anchor cancel_at cancel_at_period_end canceled_at collection_method created"
    " currency current_period_end current_period_start customer customer_account days_until_due default_payment_method"
    " default_source ended_at latest_invoice livemode next_pending_invoice_item_invoice pending_setup_intent quantity"
    " schedule start start_date status tax_percent trial_end trial_start",
    billing_mode=_fields("type"),
    cancellation_details=_WHY,
    default_tax_rates=_TAX_RATE,
    discount=_DISCOUNT,
    discounts=_DISCOUNT,
    items=_fields("object has_more total_count", data=_ITEM),
    metadata=METADATA,
    pause_collection=_fields("behavior resumes_at"),
    plan=_PLAN,
    trial_settings=_fields("", end_behavior=_fields("missing_payment_method")),
)
_INVOICE_PAYMENT_DETAILS = _fields("type charge payment_intent")
_INVOICE = _fields(
    "id object amount_due amount_overpaid amount_paid amount_remaining amount_shipping attempt_count attempted"
    " auto_advance billing billing_reason charge closed collection_method created currency customer customer_account"
    " date deleted due_date ending_balance forgiven livemode next_payment_attempt paid payment_intent period_end"
    " period_start post_payment_credit_notes_amount pre_payment_credit_notes_amount starting_balance status"
    " subscription subtotal total total_excluding_tax",
    metadata=METADATA,
    parent=_fields("type", subscription_details=_fields("subscription", metadata=METADATA)),
    status_transitions=_fields("finalized_at marked_uncollectible_at paid_at voided_at"),
)
_OUTCOME = _fields(
    "advice_code network_advice_code network_decline_code network_status reason risk_level seller_message_code type"
)
_PAYMENT_ERROR = _fields("advice_code charge code decline_code network_advice_code network_decline_code type")

KEPT: Mapping[Kind, Fields] = {
    Kind.SUBSCRIPTION: _SUBSCRIPTION,
    Kind.CUSTOMER: _fields(
        "id object balance created currency default_source deleted delinquent email livemode",
        discount=_DISCOUNT,
        invoice_settings=_fields("default_payment_method"),
        metadata=METADATA,
    ),
    Kind.DISCOUNT: _DISCOUNT,
    Kind.INVOICE: _INVOICE,
    Kind.INVOICE_PAYMENT: _fields(
        "id object amount_paid amount_requested created currency invoice is_default livemode status",
        payment=_INVOICE_PAYMENT_DETAILS,
        status_transitions=_fields("canceled_at paid_at"),
    ),
    Kind.COUPON: _COUPON,
    Kind.PRICE: _PRICE,
    Kind.PLAN: _PLAN,
    Kind.PRODUCT: _fields("id object active created default_price deleted livemode"),
    Kind.SCHEDULE: _fields(
        "id object canceled_at completed_at created customer customer_account end_behavior livemode released_at"
        " released_subscription status subscription",
        current_phase=_fields("start_date end_date"),
        phases=_fields(
            "start_date end_date trial_end proration_behavior currency",
            discounts=_DISCOUNT,
            items=_fields("price plan quantity", discounts=_DISCOUNT),
        ),
    ),
    Kind.CHARGE: _fields(
        "id object amount amount_captured amount_refunded balance_transaction captured created currency customer"
        " disputed failure_code invoice livemode paid payment_intent payment_method refunded status",
        outcome=_OUTCOME,
    ),
    Kind.PAYMENT_INTENT: _fields(
        "id object amount amount_received canceled_at cancellation_reason created currency customer customer_account"
        " invoice latest_charge livemode payment_method status",
        last_payment_error=_PAYMENT_ERROR,
    ),
    Kind.PAYMENT_METHOD: _fields("id object created customer customer_account livemode type"),
    Kind.CARD: _fields("id object customer"),
    Kind.REFUND: _fields(
        "id object amount charge created currency customer failure_reason payment_intent reason status"
    ),
    Kind.DISPUTE: _fields(
        "id object amount charge created currency is_charge_refundable livemode payment_intent reason status",
        evidence_details=_fields("due_by has_evidence past_due submission_count"),
    ),
    Kind.CREDIT_NOTE: _fields(
        "id object amount created currency customer customer_account invoice livemode reason refund status subtotal"
        " total type voided_at",
    ),
    Kind.FRAUD_WARNING: _fields("id object actionable charge created fraud_type livemode payment_intent"),
}
