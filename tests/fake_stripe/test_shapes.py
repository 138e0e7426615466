"""Every object that the fake serves is what the stripe package declares for the current version."""

from collections.abc import Iterable

import pytest

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.settings import CURRENT_VERSION
from tests.fake_stripe.sdk_schema import Fault, Validator, resource

CLASSES = {
    "charge": ("stripe._charge", "Charge"),
    "coupon": ("stripe._coupon", "Coupon"),
    "customer": ("stripe._customer", "Customer"),
    "discount": ("stripe._discount", "Discount"),
    "dispute": ("stripe._dispute", "Dispute"),
    "event": ("stripe._event", "Event"),
    "invoice": ("stripe._invoice", "Invoice"),
    "invoice_payment": ("stripe._invoice_payment", "InvoicePayment"),
    "radar.early_fraud_warning": ("stripe.radar._early_fraud_warning", "EarlyFraudWarning"),
    "payment_method": ("stripe._payment_method", "PaymentMethod"),
    "payment_intent": ("stripe._payment_intent", "PaymentIntent"),
    "plan": ("stripe._plan", "Plan"),
    "price": ("stripe._price", "Price"),
    "product": ("stripe._product", "Product"),
    "refund": ("stripe._refund", "Refund"),
    "subscription": ("stripe._subscription", "Subscription"),
    "tax_rate": ("stripe._tax_rate", "TaxRate"),
}

# Optional in the package means null or absent. These are absent in what Stripe sends unasked: deletion
# marks, what must be expanded or included, and what only some account, country or payment method has.
ABSENT = {
    "Charge": frozenset(
        {
            "authorization_code",
            "level3",
            "presentment_details",
            "radar_options",
            "refunds",
            "source_transfer",
            "transfer",
        }
    ),
    "Charge.FraudDetails": frozenset({"stripe_report", "user_report"}),
    "Charge.Outcome": frozenset({"rule"}),
    "Coupon": frozenset({"applies_to", "currency_options", "deleted"}),
    "Customer": frozenset(
        {"cash_balance", "deleted", "invoice_credit_balance", "sources", "subscriptions", "tax", "tax_ids"}
    ),
    "Discount": frozenset({"deleted"}),
    "Dispute.Evidence.EnhancedEvidence": frozenset(
        {"mastercard_compliance", "visa_compelling_evidence_3", "visa_compliance"}
    ),
    "Dispute.EvidenceDetails.EnhancedEligibility": frozenset(
        {"mastercard_compliance", "visa_compelling_evidence_3", "visa_compliance"}
    ),
    "Dispute.PaymentMethodDetails": frozenset({"amazon_pay", "klarna", "paypal"}),
    "Event": frozenset({"account", "context"}),
    "Event.Data": frozenset({"previous_attributes"}),
    "Invoice": frozenset({"amount_paid_off_stripe", "confirmation_secret", "deleted", "payments", "threshold_reason"}),
    "Invoice.Issuer": frozenset({"account"}),
    "Invoice.Parent.SubscriptionDetails": frozenset({"subscription_proration_date"}),
    "Invoice.TotalPretaxCreditAmount": frozenset({"credit_balance_transaction"}),
    "InvoiceLineItem.PretaxCreditAmount": frozenset({"credit_balance_transaction"}),
    "InvoicePayment.Payment": frozenset({"charge", "payment_record"}),
    "PaymentIntent": frozenset(
        {"hooks", "managed_payments", "payment_details", "payment_record", "presentment_details"}
    ),
    "PaymentIntent.AmountDetails": frozenset({"discount_amount", "error", "line_items", "shipping", "tax"}),
    "PaymentIntent.AmountDetails.Tip": frozenset({"amount"}),
    "PaymentIntent.LastPaymentError": frozenset(
        {
            "network_advice_code",
            "network_decline_code",
            "param",
            "payment_intent",
            "payment_method",
            "payment_method_type",
            "request_log_url",
            "setup_intent",
            "source",
        }
    ),
    "Plan": frozenset({"deleted", "tiers"}),
    "Price": frozenset({"currency_options", "deleted", "tiers"}),
    "Product": frozenset({"deleted"}),
    "Refund": frozenset(
        {
            "description",
            "failure_balance_transaction",
            "failure_reason",
            "instructions_email",
            "next_action",
            "pending_reason",
            "presentment_details",
        }
    ),
    # The hash of one method of the dozens is there.
    # One field for each type of payment method, of which ours is a card.
    "PaymentMethod": frozenset(resource("stripe._payment_method", "PaymentMethod").fields())
    - {"id", "object", "allow_redisplay", "billing_details", "card", "created", "customer", "customer_account"}
    - {"livemode", "metadata", "type"},
    "Refund.DestinationDetails": frozenset(resource("stripe._refund", "Refund").resolve("DestinationDetails").fields()),
    "Refund.DestinationDetails.Card": frozenset({"reference", "reference_status", "reference_type"}),
    "Subscription": frozenset({"presentment_details"}),
    "Subscription.BillingMode": frozenset({"updated_at"}),
    "Subscription.InvoiceSettings.Issuer": frozenset({"account"}),
    "SubscriptionItem": frozenset({"current_trial", "deleted", "quantity"}),
}
VALIDATOR = Validator(ABSENT)


def faults_of(objects: Iterable[Json]) -> set[Fault]:
    """Give what is wrong with objects of any type."""
    return {
        fault for each in objects for fault in VALIDATOR.check(each, resource(*CLASSES[each["object"]]), each["object"])
    }


@pytest.fixture(scope="module")
def lived() -> FakeStripe:
    fake = FakeStripe(seed=11)
    fake.engine.create_tax_rate(19.0)
    play(fake.engine, HistorySpec(seed=11, customers=40, months=4))
    charge = next(each["id"] for each in fake.objects("charge") if each["paid"])
    fake.engine.close_dispute(fake.engine.open_dispute(charge)["id"])
    fake.engine.settle_warning(fake.engine.warn_of_fraud(charge)["id"])
    return fake


@pytest.mark.parametrize("kind", sorted(CLASSES.keys() - {"event"}))
def test_objects_have_the_declared_fields_and_types(lived: FakeStripe, kind: str) -> None:
    objects = lived.objects(kind)
    assert objects
    assert faults_of(objects) == set()


def test_a_snapshot_is_complete_and_of_the_declared_shapes(lived: FakeStripe) -> None:
    shown = lived.snapshot()
    assert faults_of(each for kind in shown.keys() - {"as_of"} for each in shown[kind]) == set()
    prices = [item["price"] for each in shown["subscriptions"] for item in each["items"]["data"]]
    assert {bool(price.get("tiers")) for price in prices if price["billing_scheme"] == "tiered"} == {True}
    held = {held for each in shown["subscriptions"] for held in each["discounts"]}
    assert held <= {each["id"] for each in shown["discounts"]}


def test_events_and_what_they_carry_have_the_declared_fields_and_types(lived: FakeStripe) -> None:
    assert faults_of(lived.events) == set()
    assert faults_of(event["data"]["object"] for event in lived.events) == set()


def test_previous_attributes_name_fields_of_their_object(lived: FakeStripe) -> None:
    for event in lived.events:
        previous = event["data"].get("previous_attributes", {})
        assert previous.keys() <= event["data"]["object"].keys()
        tells = event["type"].endswith((".updated", "_updated", ".detached"))
        assert ("previous_attributes" in event["data"]) == tells


def test_the_fake_speaks_the_version_of_the_installed_package() -> None:
    from stripe._api_version import _ApiVersion

    assert _ApiVersion.CURRENT == CURRENT_VERSION


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        pytest.param({"colour": "red"}, "price.colour", id="unknown field"),
        pytest.param({"active": 1}, "price.active", id="wrong type"),
        pytest.param({"type": "weekly"}, "price.type", id="unknown word"),
        pytest.param({"unit_amount_decimal": "ten"}, "price.unit_amount_decimal", id="no decimal"),
        pytest.param({"unit_amount": True}, "price.unit_amount", id="a bool is no int"),
        pytest.param({"currency": None}, "price.currency", id="null where never null"),
        pytest.param({"recurring": {"interval": "month"}}, "price.recurring.interval_count", id="missing inside"),
    ],
)
def test_the_check_finds_what_is_wrong(lived: FakeStripe, broken: Json, path: str) -> None:
    price = lived.objects("price")[0] | broken
    assert path in {fault.path for fault in faults_of([price])}
