"""`expand[]`: replacing ids by objects, and showing what is left out unasked."""

from collections.abc import Callable

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.customer import deleted_customer
from libs.fake_stripe.rest.problems import StripeProblem
from libs.fake_stripe.world import World

DEEPEST = 4
Show = Callable[[Json], Json]

# Fields that hold an id (or ids), and the type of the object behind it.
_REFERENCES = {
    "charge.customer": "customer",
    "charge.payment_intent": "payment_intent",
    "discount.customer": "customer",
    "dispute.charge": "charge",
    "dispute.payment_intent": "payment_intent",
    "discount.source.coupon": "coupon",
    "invoice.customer": "customer",
    "invoice.discounts": "discount",
    "invoice.parent.subscription_details.subscription": "subscription",
    "invoice_payment.invoice": "invoice",
    "invoice_payment.payment.payment_intent": "payment_intent",
    "line_item.discounts": "discount",
    "line_item.pricing.price_details.price": "price",
    "payment_intent.customer": "customer",
    "payment_intent.latest_charge": "charge",
    "plan.product": "product",
    "price.product": "product",
    "product.default_price": "price",
    "refund.charge": "charge",
    "refund.payment_intent": "payment_intent",
    "subscription.customer": "customer",
    "subscription.discounts": "discount",
    "subscription.latest_invoice": "invoice",
    "subscription_item.discounts": "discount",
}


class Expander:
    """Expands paths within an answer, in place."""

    def __init__(self, world: World, show: Show) -> None:
        self._world = world
        self._show = show
        self._included: dict[str, Callable[[Json], object]] = {
            "coupon.applies_to": lambda coupon: world.store.applies_to.get(coupon["id"]),
            "customer.subscriptions": self._subscriptions_of,
            "invoice.payments": self._payments_of,
            "price.currency_options": lambda price: price.get("currency_options"),
            "price.tiers": lambda price: world.store.tiers.get(price["id"]),
        }

    def expand(self, answer: Json, path: str) -> None:
        """Follow one path; raises StripeProblem where it is too deep or names what can't be expanded."""
        if path.count(".") >= DEEPEST:
            raise StripeProblem(
                400,
                f"You cannot expand more than {DEEPEST} levels of a property ({path}).",
                "property_expansion_max_depth",
            )
        self._descend(answer, "list", path.split("."))

    def _descend(self, node: Json, at: str, path: list[str]) -> None:
        """Expand the rest of a path below a node that stands at a type and a field path within it."""
        at = node.get("object", at)
        name, rest = path[0], path[1:]
        key = f"{at}.{name}"
        if show := self._included.get(key):
            node[name] = show(node)
        elif kind := _REFERENCES.get(key):
            node[name] = self._resolved(node[name], kind)
        elif not rest or name not in node:
            raise StripeProblem(400, f"This property cannot be expanded ({name}).", None, "expand")
        if rest:
            for below in _hashes(node[name]):
                self._descend(below, key, rest)

    def _resolved(self, value: object, kind: str) -> object:
        match value:
            case str():
                return self._object(kind, value)
            case list():
                return [self._resolved(each, kind) for each in value]
        return value

    def _object(self, kind: str, object_id: str) -> Json:
        if kind == "customer" and self._world.store.is_forgotten(kind, object_id):
            return deleted_customer(object_id)
        return self._show(self._world.store.recall(kind, object_id))

    def _subscriptions_of(self, customer: Json) -> Json:
        every = self._world.store.all_of_customer("subscription", customer["id"])
        alive = [each for each in reversed(every) if each["status"] != "canceled"]
        return _list([self._show(each) for each in alive], f"/v1/customers/{customer['id']}/subscriptions")

    def _payments_of(self, invoice: Json) -> Json:
        payment = self._world.invoice_payments.get(invoice["id"])
        found = [self._show(self._world.store.get("invoice_payment", payment))] if payment else []
        return _list(found, f"/v1/invoice_payments?invoice={invoice['id']}")


def _list(entries: list[Json], url: str) -> Json:
    return {"object": "list", "data": entries[:10], "has_more": len(entries) > 10, "url": url}


def _hashes(value: object) -> list[Json]:
    """Give the hashes that the next step of a path applies to; a null or a missing one is skipped."""
    match value:
        case dict():
            return [value]
        case list():
            return [each for each in value if isinstance(each, dict)]
    return []
