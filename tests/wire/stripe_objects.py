"""Stripe's objects for tests of their reading, as today's API shows them; each test says only what matters to it."""

from pathlib import Path

import orjson

Json = dict[str, object]
RECORDED = Path(__file__).parent / "stripe"
NOW = 1_700_000_000


def recorded(name: str) -> Json:
    """The JSON recorded under `tests/wire/stripe`."""
    value: Json = orjson.loads((RECORDED / f"{name}.json").read_bytes())
    return value


def price(**changes: object) -> Json:
    return {
        "id": "price_1",
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": NOW,
        "currency": "usd",
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": "Team",
        "product": "prod_1",
        "recurring": {"interval": "month", "interval_count": 1, "meter": None, "usage_type": "licensed"},
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": 1000,
        "unit_amount_decimal": "1000",
        **changes,
    }


def item(**changes: object) -> Json:
    return {
        "id": "si_1",
        "object": "subscription_item",
        "created": NOW,
        "current_period_start": NOW,
        "current_period_end": NOW + 2_592_000,
        "discounts": [],
        "metadata": {},
        "price": price(),
        "quantity": 2,
        "subscription": "sub_1",
        "tax_rates": [],
        **changes,
    }


def listed(*data: object, has_more: bool = False) -> Json:
    return {"object": "list", "data": list(data), "has_more": has_more, "url": "/v1/subscription_items"}


def subscription(**changes: object) -> Json:
    return {
        "id": "sub_1",
        "object": "subscription",
        "billing_mode": {"type": "flexible"},
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": NOW,
        "currency": "usd",
        "customer": "cus_1",
        "default_tax_rates": [],
        "description": "for Jane Roe",
        "discounts": [],
        "ended_at": None,
        "items": listed(item()),
        "latest_invoice": "in_1",
        "livemode": False,
        "metadata": {"client_id": "acme", "salesperson": "Jane Roe"},
        "pause_collection": None,
        "start_date": NOW,
        "status": "active",
        "trial_end": None,
        "trial_start": None,
        **changes,
    }


def coupon(**changes: object) -> Json:
    return {
        "id": "HALF",
        "object": "coupon",
        "amount_off": None,
        "created": NOW,
        "currency": None,
        "duration": "forever",
        "duration_in_months": None,
        "livemode": False,
        "name": "Half for Jane",
        "percent_off": 50.0,
        "valid": True,
        **changes,
    }


def discount(**changes: object) -> Json:
    return {
        "id": "di_1",
        "object": "discount",
        "customer": "cus_1",
        "end": None,
        "start": NOW,
        "subscription": "sub_1",
        "subscription_item": None,
        "source": {"type": "coupon", "coupon": "HALF"},
        **changes,
    }


def event(type_: str, item_: Json, previous: Json | None = None, **changes: object) -> Json:
    data: Json = {"object": item_} if previous is None else {"object": item_, "previous_attributes": previous}
    return {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": NOW,
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
        **changes,
    }


def updated(item_: Json, previous: Json) -> Json:
    return event(f"customer.{item_['object']}.updated", item_, previous)
