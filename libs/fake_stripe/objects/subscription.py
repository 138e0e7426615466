"""Subscriptions and their items."""

from dataclasses import dataclass

from libs.fake_stripe.json_types import Json, filled, frozen_copy
from libs.fake_stripe.objects.catalog import Stamp
from libs.fake_stripe.specs import ItemSpec, SubscriptionSpec

_BLANK: Json = {
    "id": None,
    "object": "subscription",
    "application": None,
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_cycle_anchor": None,
    "billing_cycle_anchor_config": None,
    "billing_mode": None,
    "billing_schedules": [],
    "billing_thresholds": None,
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": None},
    "collection_method": "charge_automatically",
    "created": None,
    "currency": "usd",
    "customer": None,
    "customer_account": None,
    "days_until_due": None,
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "ended_at": None,
    "invoice_settings": {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": {"type": "self"},
    },
    "items": {"object": "list", "data": [], "has_more": False, "url": None},
    "latest_invoice": None,
    "livemode": False,
    "managed_payments": {"enabled": False},
    "metadata": {},
    "next_pending_invoice_item_invoice": None,
    "on_behalf_of": None,
    "pause_collection": None,
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "schedule": None,
    "start_date": None,
    "status": "incomplete",
    "status_details": None,
    "test_clock": None,
    "transfer_data": None,
    "trial_end": None,
    "trial_settings": {"end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": "create_invoice"}},
    "trial_start": None,
}


@dataclass(frozen=True, slots=True)
class Period:
    """From one second up to another."""

    start: int
    end: int


def subscription(stamp: Stamp, customer: str, spec: SubscriptionSpec, tax_rates: list[Json]) -> Json:
    """Build a subscription without items, incomplete until something is paid or a trial starts."""
    built = filled(
        _BLANK,
        id=stamp.id,
        billing_cycle_anchor=stamp.created,
        billing_mode=_billing_mode(spec, stamp.created),
        cancel_at=spec.cancel_at,
        canceled_at=stamp.created if spec.cancel_at else None,
        collection_method=spec.collection_method,
        created=stamp.created,
        customer=customer,
        days_until_due=spec.days_until_due,
        default_tax_rates=tax_rates,
        livemode=stamp.livemode,
        metadata=dict(spec.metadata),
        start_date=stamp.created,
    )
    built["items"]["url"] = f"/v1/subscription_items?subscription={stamp.id}"
    built["trial_settings"]["end_behavior"]["missing_payment_method"] = spec.trial_end_without_payment_method
    return built


def no_cancellation() -> Json:
    """Build the cancellation details of a subscription that nobody has cancelled."""
    return frozen_copy(_BLANK["cancellation_details"])


@dataclass(frozen=True, slots=True)
class Priced:
    """A price with the plan that mirrors it; items share both with the catalogue."""

    price: Json
    plan: Json


def item(stamp: Stamp, subscription_id: str, spec: ItemSpec, priced: Priced, period: Period) -> Json:
    """Build an item. A metered one has no quantity at all."""
    built: Json = {
        "id": stamp.id,
        "object": "subscription_item",
        "billed_until": None,
        "billing_thresholds": None,
        "created": stamp.created,
        "current_period_end": period.end,
        "current_period_start": period.start,
        "discounts": [],
        "metadata": {},
        "plan": priced.plan,
        "price": priced.price,
        "quantity": spec.quantity,
        "subscription": subscription_id,
        "tax_rates": [],
    }
    if priced.price["recurring"]["usage_type"] == "metered":
        del built["quantity"]
    return built


def _billing_mode(spec: SubscriptionSpec, since: int) -> Json:
    if spec.billing_mode == "classic":
        return {"flexible": None, "type": "classic"}
    return {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": since}
