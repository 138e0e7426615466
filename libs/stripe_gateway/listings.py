"""What is listed and how it is expanded. Stripe allows four levels, the leading `data` included."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

MOST_A_PAGE = 100
NO_FILTERS: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of one resource. `expand` names what an object lacks otherwise."""

    resource: str
    expand: tuple[str, ...] = ()
    filters: Mapping[str, object] = field(default_factory=lambda: NO_FILTERS)

    @property
    def since(self) -> datetime | None:
        """From when on it lists what was created; None where it lists everything."""
        created = self.filters.get("created")
        second = created.get("gte") if isinstance(created, Mapping) else None
        return datetime.fromtimestamp(second, UTC) if isinstance(second, int) else None

    def created_since(self, instant: datetime) -> "Listing":
        """The same list without what was created before `instant`."""
        return replace(self, filters={**self.filters, "created": {"gte": int(instant.timestamp())}})

    def created_before(self, end: datetime) -> "Listing":
        """The same list with what was created before `end`."""
        return replace(self, filters={**self.filters, "created": {"lt": int(end.timestamp())}})

    def created_between(self, begin: datetime, end: datetime) -> "Listing":
        """The same list with what was created from `begin` on and before `end`."""
        created = {"gte": int(begin.timestamp()), "lt": int(end.timestamp())}
        return replace(self, filters={**self.filters, "created": created})


# Tiers of prices and the products of coupons are too deep for a list of subscriptions: they come from their own lists.
SUBSCRIPTIONS = Listing(
    "subscriptions", ("data.discounts.source.coupon", "data.items.data.discounts"), {"status": "all"}
)
SUBSCRIPTION_ITEMS = Listing("subscription_items", ("data.discounts", "data.price.tiers"))
PRICES = Listing("prices", ("data.tiers", "data.currency_options"))
COUPONS = Listing("coupons", ("data.applies_to",))
CUSTOMERS = Listing("customers", ("data.discount.source.coupon",))
PRODUCTS = Listing("products")
INVOICES = Listing("invoices")
# Neither names its customer: the charge does.
REFUNDS = Listing("refunds", ("data.charge",))
DISPUTES = Listing("disputes", ("data.charge",))
# Of all types: there are more than the twenty that Stripe lets a call name. Stripe keeps events for thirty days.
EVENTS = Listing("events")

# The same for one object by its id.
EXPAND_SUBSCRIPTION = ("discounts.source.coupon.applies_to", "items.data.price.tiers", "items.data.discounts")
EXPAND_CUSTOMER = ("discount.source.coupon.applies_to",)
EXPAND_PRICE = ("tiers", "currency_options")
EXPAND_COUPON = ("applies_to",)
EXPAND_CHARGE = ("charge",)
# Objects that belong to a charge, and where they are.
OF_CHARGES = {"refund": "refunds", "dispute": "disputes", "radar.early_fraud_warning": "radar/early_fraud_warnings"}
