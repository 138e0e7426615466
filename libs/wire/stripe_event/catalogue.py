"""What prices, coupons and discounts cost. It never changes at Stripe, so it is learned once and kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from libs.wire.stripe_event.allow_list import allowed
from libs.wire.stripe_event.kinds import Kind
from libs.wire.stripe_event.narrowing import Json

_PRICE_TERMS = (("tiers", list), ("currency_options", dict))
_DISCOUNT_TERMS = ("id", "object", "start", "end")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something learned that was not known before, to be stored: `kind` is price, coupon or discount."""

    kind: Kind
    id: str
    terms: Json


@dataclass(slots=True)
class Catalogue:
    """Terms by id, in Stripe's own shape. Plans and prices share their ids, and a price stands for both."""

    prices: dict[str, Json] = field(default_factory=dict)
    coupons: dict[str, Json] = field(default_factory=dict)
    discounts: dict[str, Json] = field(default_factory=dict)

    def learn(self, item: Json, whole: bool = False) -> tuple[Entry, ...]:
        """Take in a price, plan, coupon or discount, or those within a subscription or customer; give what is new.

        `whole`: the object was fetched with everything expanded, so that what it lacks does not exist.
        """
        return tuple(better for entry in _entries(item, whole) for better in self._improved(entry))

    def _improved(self, entry: Entry) -> Iterator[Entry]:
        shelf = self._shelf(entry.kind)
        known = shelf.get(entry.id, {})
        news = {name: value for name, value in entry.terms.items() if _is_news(known, name, value)}
        if news:
            shelf[entry.id] = {**known, **news}
            yield Entry(entry.kind, entry.id, shelf[entry.id])

    def restore(self, entry: Entry) -> None:
        """Put back what was stored."""
        self._shelf(entry.kind)[entry.id] = entry.terms

    def _shelf(self, kind: Kind) -> dict[str, Json]:
        match kind:
            case Kind.COUPON:
                return self.coupons
            case Kind.DISCOUNT:
                return self.discounts
            case _:
                return self.prices


def _is_news(known: Json, name: str, value: object) -> bool:
    return name not in known or (known[name] is None and value is not None)


def _entries(item: Json, whole: bool) -> Iterator[Entry]:
    match item.get("object"):
        case "price" | "plan":
            yield from _price(item)
        case "coupon":
            yield from _coupon(item, whole)
        case "discount":
            yield from _discount(item, whole)
        case "customer" | "subscription" | "subscription_item":
            for nested in _nested(item):
                yield from _entries(nested, whole)


def _nested(item: Json) -> Iterator[Json]:
    items = item.get("items")
    lines = items.get("data") if isinstance(items, dict) else None
    many = item.get("discounts")
    candidates = [item.get("price"), item.get("plan"), item.get("discount")]
    for more in (lines, many):
        candidates += more if isinstance(more, list) else []
    for candidate in candidates:
        if isinstance(candidate, dict):
            yield candidate


def _price(item: Json) -> Iterator[Entry]:
    """Only tiers and other currencies are ever missing from an event."""
    identifier = item.get("id")
    if isinstance(identifier, str) and any(isinstance(item.get(name), kind) for name, kind in _PRICE_TERMS):
        kept = allowed(Kind.PRICE, item)
        terms: Json = {name: kept[name] for name, kind in _PRICE_TERMS if isinstance(kept.get(name), kind)}
        if terms:
            yield Entry(Kind.PRICE, identifier, {"id": identifier, **terms})


def _coupon(item: Json, whole: bool) -> Iterator[Entry]:
    """`applies_to` is on record, be it as null, only where it is known."""
    identifier = item.get("id")
    if isinstance(identifier, str) and item.get("duration") is not None:
        kept = allowed(Kind.COUPON, item)
        kept.pop("valid", None)  # the one thing about a coupon that changes
        yield Entry(Kind.COUPON, identifier, {"applies_to": None, **kept} if whole else kept)


def _discount(item: Json, whole: bool) -> Iterator[Entry]:
    identifier, coupon = item.get("id"), coupon_in(item)
    if isinstance(coupon, dict):
        yield from _coupon(coupon, whole)
    named = coupon.get("id") if isinstance(coupon, dict) else coupon
    if isinstance(identifier, str) and isinstance(named, str):
        kept = allowed(Kind.DISCOUNT, item)
        terms: Json = {name: kept[name] for name in _DISCOUNT_TERMS if name in kept}
        yield Entry(Kind.DISCOUNT, identifier, {**terms, "source": {"type": "coupon", "coupon": named}})


def coupon_in(discount: Json) -> object:
    """The coupon (or its id) of a discount in either shape."""
    source = discount.get("source")
    found = source.get("coupon") if isinstance(source, dict) else None
    return discount.get("coupon") if found is None else found
