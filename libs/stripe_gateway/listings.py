"""What is listed and how it is expanded. Stripe allows four levels, the leading `data` included."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

MOST_A_PAGE = 100
NO_FILTERS: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of one resource. `expand` names what an object lacks otherwise."""

    resource: str
    expand: tuple[str, ...] = ()
    filters: Mapping[str, object] = field(default_factory=lambda: NO_FILTERS)

    def created_since(self, instant: datetime) -> "Listing":
        """The same list without what was created before `instant`."""
        return replace(self, filters={**self.filters, "created": {"gte": int(instant.timestamp())}})


# Tiers of prices and the products of coupons are too deep for a list of subscriptions: they come from their own lists.
SUBSCRIPTIONS = Listing(
    "subscriptions", ("data.discounts.source.coupon", "data.items.data.discounts"), {"status": "all"}
)
SUBSCRIPTION_ITEMS = Listing("subscription_items", ("data.discounts", "data.price.tiers"))
PRICES = Listing("prices", ("data.tiers", "data.currency_options"))
COUPONS = Listing("coupons", ("data.applies_to",))
CUSTOMERS = Listing("customers", ("data.discount.source.coupon",))
# Of all types: there are more than the twenty that Stripe lets a call name. Stripe keeps events for thirty days.
EVENTS = Listing("events")

# The same for one object by its id.
EXPAND_SUBSCRIPTION = ("discounts.source.coupon.applies_to", "items.data.price.tiers", "items.data.discounts")
EXPAND_CUSTOMER = ("discount.source.coupon.applies_to",)
EXPAND_PRICE = ("tiers", "currency_options")
EXPAND_COUPON = ("applies_to",)
