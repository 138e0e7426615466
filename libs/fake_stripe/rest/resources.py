"""What can be listed and retrieved, and by what a list can be narrowed."""

from collections.abc import Callable
from dataclasses import dataclass

from libs.fake_stripe.invoicing import subscription_of
from libs.fake_stripe.json_types import Json

Test = Callable[[Json, str], bool]


def _equal(field: str) -> Test:
    def test(each: Json, wanted: str) -> bool:
        value = each[field]
        return (str(value).lower() if isinstance(value, bool) else value) == wanted

    return test


def _status(each: Json, wanted: str) -> bool:
    match wanted:
        case "all":
            return True
        case "ended":
            return each["status"] in {"canceled", "incomplete_expired"}
    return bool(each["status"] == wanted)


def _has_price(each: Json, wanted: str) -> bool:
    return any(item["price"]["id"] == wanted for item in each["items"]["data"])


def _bills(each: Json, wanted: str) -> bool:
    return subscription_of(each) == wanted


@dataclass(frozen=True, slots=True)
class Resource:
    """A type of object under a path: plain filters, array filters (any of), timestamps."""

    kind: str
    path: str
    filters: dict[str, Test]
    any_of: dict[str, str]
    times: tuple[str, ...] = ("created",)


def _resource(kind: str, path: str, *equal: str, **more: Test) -> Resource:
    return Resource(kind, path, {**{field: _equal(field) for field in equal}, **more}, {})


RESOURCES: dict[str, Resource] = {
    each.path: each
    for each in (
        _resource("charge", "charges", "customer", "payment_intent"),
        _resource("coupon", "coupons"),
        _resource("customer", "customers", "email"),
        _resource("dispute", "disputes", "charge", "payment_intent"),
        Resource("event", "events", {"type": _equal("type")}, {"types": "type"}),
        Resource(
            "invoice",
            "invoices",
            {
                "collection_method": _equal("collection_method"),
                "customer": _equal("customer"),
                "status": _equal("status"),
                "subscription": _bills,
            },
            {},
            ("created", "due_date"),
        ),
        _resource("invoice_payment", "invoice_payments", "invoice", "status"),
        _resource("payment_intent", "payment_intents", "customer"),
        _resource("plan", "plans", "active", "product"),
        Resource(
            "price",
            "prices",
            {field: _equal(field) for field in ("active", "currency", "product", "type")},
            {"lookup_keys": "lookup_key"},
        ),
        Resource("product", "products", {"active": _equal("active")}, {"ids": "id"}),
        _resource("refund", "refunds", "charge", "payment_intent"),
        _resource("subscription", "subscriptions", "collection_method", "customer", price=_has_price, status=_status),
        _resource("tax_rate", "tax_rates", "active", "inclusive"),
    )
}
