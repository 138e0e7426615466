"""Invoices, their lines, and the payments that settle them."""

from dataclasses import dataclass

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.catalog import Stamp
from libs.fake_stripe.objects.subscription import Period


@dataclass(frozen=True, slots=True)
class InvoiceHead:
    """Whom an invoice is for and why it exists."""

    customer: Json
    subscription: Json
    billing_reason: str
    period: Period
    account: str


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
    customer, subscription = head.customer, head.subscription
    return {
        "id": stamp.id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Fake Stripe",
        "account_tax_ids": None,
        **_no_amounts(customer["balance"]),
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
        "billing_reason": head.billing_reason,
        "collection_method": subscription["collection_method"],
        "created": stamp.created,
        "currency": subscription["currency"],
        "custom_fields": None,
        **_customer_fields(customer),
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": subscription["default_tax_rates"],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": {
            "object": "list",
            "data": lines,
            "has_more": False,
            "url": f"/v1/invoices/{stamp.id}/lines",
        },
        "livemode": stamp.livemode,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": head.period.end,
        "period_start": head.period.start,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "statement_descriptor": None,
        "status": "draft",
        "status_details": None,
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "test_clock": None,
        "webhooks_delivered_at": stamp.created,
    }


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


def _no_amounts(balance: int) -> Json:
    return {
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "ending_balance": None,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": balance,
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def _customer_fields(customer: Json) -> Json:
    return {
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
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
