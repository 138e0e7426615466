"""Stripe's objects as JSON of today's shape, with a default for everything. At noon on 15 January 2025 (UTC)."""

from typing import Any

NOW = 1736942400
DAY = 86400

Json = dict[str, Any]


def price(amount: int | None = 1000, interval: str = "month", **more: Any) -> Json:
    plain = {"id": "price_1", "object": "price", "currency": "usd", "product": "prod_1", "unit_amount": amount,
             "billing_scheme": "per_unit", "recurring": {"interval": interval, "interval_count": 1,
             "usage_type": "licensed"}}  # fmt: skip
    return {**plain, **more}


def item(of: Json | None = None, quantity: int | None = 1, **more: Any) -> Json:
    return {"id": "si_1", "object": "subscription_item", "price": of or price(), "quantity": quantity, **more}


def subscription(*items: Json, **more: Any) -> Json:
    plain = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active", "currency": "usd",
             "created": NOW - 30 * DAY, "start_date": NOW - 30 * DAY, "discounts": [],
             "items": {"object": "list", "has_more": False, "data": list(items) or [item()]}}  # fmt: skip
    return {**plain, **more}


def customer(id: str = "cus_1", **more: Any) -> Json:  # noqa: A002
    return {"id": id, "object": "customer", "email": None, "discount": None, "metadata": {}, **more}


def coupon(**more: Any) -> Json:
    return {"id": "SAVE", "object": "coupon", "duration": "forever", "percent_off": 50, **more}


def event(type: str, of: Json, created: int = NOW, **more: Any) -> Json:  # noqa: A002
    plain = {"id": f"evt_{type}_{created}", "object": "event", "type": type, "created": created,
             "data": {"object": of}}  # fmt: skip
    return {**plain, **more}
