"""Invoices, their lines, and the payments that settle them."""

from dataclasses import dataclass

from libs.fake_stripe.json_types import Json, filled
from libs.fake_stripe.objects.catalog import Stamp
from libs.fake_stripe.objects.subscription import Period

_BLANK: Json = {
    "id": None,
    "object": "invoice",
    "account_country": "US",
    "account_name": "Fake Stripe",
    "account_tax_ids": None,
    "amount_due": 0,
    "amount_overpaid": 0,
    "amount_paid": 0,
    "amount_remaining": 0,
    "amount_shipping": 0,
    "application": None,
    "attempt_count": 0,
    "attempted": False,
    "auto_advance": True,
    "automatic_tax": {
        "disabled_reason": None,
        "enabled": False,
        "liability": None,
        "provider": None,
        "status": None,
    },
    "automatically_finalizes_at": None,
    "billing_reason": None,
    "collection_method": "charge_automatically",
    "created": None,
    "currency": "usd",
    "custom_fields": None,
    "customer": None,
    "customer_account": None,
    "customer_address": None,
    "customer_email": None,
    "customer_name": None,
    "customer_phone": None,
    "customer_shipping": None,
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "due_date": None,
    "effective_at": None,
    "ending_balance": None,
    "footer": None,
    "from_invoice": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "lines": {"object": "list", "data": [], "has_more": False, "url": None},
    "livemode": False,
    "metadata": {},
    "next_payment_attempt": None,
    "number": None,
    "on_behalf_of": None,
    "parent": {"quote_details": None, "subscription_details": None, "type": "subscription_details"},
    "payment_settings": {
        "default_mandate": None,
        "payment_method_options": None,
        "payment_method_types": None,
    },
    "period_end": None,
    "period_start": None,
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "receipt_number": None,
    "rendering": None,
    "shipping_cost": None,
    "shipping_details": None,
    "starting_balance": 0,
    "statement_descriptor": None,
    "status": "draft",
    "status_details": None,
    "status_transitions": {
        "finalized_at": None,
        "marked_uncollectible_at": None,
        "paid_at": None,
        "voided_at": None,
    },
    "subtotal": 0,
    "subtotal_excluding_tax": 0,
    "test_clock": None,
    "total": 0,
    "total_discount_amounts": [],
    "total_excluding_tax": 0,
    "total_pretax_credit_amounts": [],
    "total_taxes": [],
    "webhooks_delivered_at": None,
}


@dataclass(frozen=True, slots=True)
class InvoiceHead:
    """Whom an invoice is for and why it exists."""

    customer: Json
    subscription: Json
    billing_reason: str
    period: Period


@dataclass(frozen=True, slots=True)
class LineSource:
    """What a line charges for: so many units of an item's price over a period."""

    subscription: str
    item: Json
    period: Period
    amount: int
    quantity: int | None
    description: str
    invoice_item: str | None = None


def line(stamp: Stamp, source: LineSource) -> Json:
    """Build a line before discounts and tax."""
    price = source.item["price"]
    return {
        "id": stamp.id,
        "object": "line_item",
        "amount": source.amount,
        "currency": price["currency"],
        "description": source.description,
        "discount_amounts": [],
        "discountable": source.invoice_item is None,
        "discounts": [] if source.invoice_item else list(source.item["discounts"]),
        "invoice": None,
        "livemode": stamp.livemode,
        "metadata": {},
        "parent": _line_parent(source),
        "period": {"end": source.period.end, "start": source.period.start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": source.quantity,
        "quantity_decimal": None if source.quantity is None else str(source.quantity),
        "subscription": source.subscription,
        "subtotal": source.amount,
        "taxes": [],
    }


def invoice(stamp: Stamp, head: InvoiceHead, lines: list[Json]) -> Json:
    """Build a draft invoice over lines, without totals yet."""
    subscription = head.subscription
    built = filled(
        _BLANK,
        id=stamp.id,
        billing_reason=head.billing_reason,
        collection_method=subscription["collection_method"],
        created=stamp.created,
        currency=subscription["currency"],
        default_tax_rates=subscription["default_tax_rates"],
        livemode=stamp.livemode,
        period_end=head.period.end,
        period_start=head.period.start,
        starting_balance=head.customer["balance"],
        webhooks_delivered_at=stamp.created,
        **_customer_fields(head.customer),
    )
    built["lines"] |= {"data": lines, "url": f"/v1/invoices/{stamp.id}/lines"}
    built["parent"]["subscription_details"] = {
        "metadata": dict(subscription["metadata"]),
        "subscription": subscription["id"],
    }
    return built


def invoice_payment(stamp: Stamp, bill: Json, payment_intent: str) -> Json:
    """Build the record that a payment intent is to settle an invoice."""
    return {
        "id": stamp.id,
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": bill["amount_due"],
        "created": stamp.created,
        "currency": bill["currency"],
        "invoice": bill["id"],
        "is_default": True,
        "livemode": stamp.livemode,
        "payment": {"payment_intent": payment_intent, "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def _customer_fields(customer: Json) -> Json:
    return {
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
    }


def _line_parent(source: LineSource) -> Json:
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": source.invoice_item,
            "proration": source.invoice_item is not None,
            "proration_details": {"credited_items": None},
            "subscription": source.subscription,
            "subscription_item": source.item["id"],
        },
        "type": "subscription_item_details",
    }
