"""An object completed from the catalogue: tiers, coupon terms, and discounts behind ids."""

from dataclasses import dataclass, field

from libs.wire.stripe_event.catalogue import Catalogue, coupon_in
from libs.wire.stripe_event.narrowing import Json


@dataclass(frozen=True, slots=True)
class Completion:
    """`incomplete` names what is still missing (`tiers:price_1`, `coupon:CODE`, `discount:di_1`, `currency:price_1`,
    `items`). `unverified` names coupons whose terms are there but of which nobody has seen whether they are limited
    to some products."""

    object: dict[str, object]
    incomplete: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


@dataclass(slots=True)
class _Work:
    catalogue: Catalogue
    currency: str | None
    missing: dict[str, None] = field(default_factory=dict)
    unverified: dict[str, None] = field(default_factory=dict)


def complete(item: Json, catalogue: Catalogue) -> Completion:
    """`item` with what `catalogue` knows filled in, and the names of what it doesn't. Stripe's shape in and out.

    Only subscriptions, customers and discounts hold terms; others come back as they are.
    """
    currency = item.get("currency")
    work = _Work(catalogue, currency if isinstance(currency, str) else None)
    match item.get("object"):
        case "subscription":
            done = _subscription(item, work)
        case "customer":
            done = _with_discounts(item, work)
        case "discount":
            done = _expanded(item, work)
        case _:
            done = dict(item)
    return Completion(done, tuple(work.missing), tuple(work.unverified))


def _subscription(item: Json, work: _Work) -> dict[str, object]:
    done = _with_discounts(item, work)
    if isinstance(item.get("plan"), dict):
        done["plan"] = _price(item["plan"], work)
    items = item.get("items")
    if isinstance(items, dict):
        lines = items.get("data")
        done["items"] = {**items, "data": [_line(line, work) for line in lines] if isinstance(lines, list) else lines}
    if not _is_listed(items, item):
        work.missing["items"] = None
    return done


def _is_listed(items: object, item: Json) -> bool:
    if isinstance(items, dict) and items.get("data"):
        return not items.get("has_more")
    return isinstance(item.get("plan"), dict)


def _line(line: object, work: _Work) -> object:
    if not isinstance(line, dict):
        return line
    done = _with_discounts(line, work)
    # Where both stand, only the price is read.
    for name in ("price", "plan"):
        if isinstance(line.get(name), dict):
            done[name] = _price(line[name], work)
            break
    return done


def _price(price: object, work: _Work) -> object:
    if not isinstance(price, dict):
        return price
    identifier = str(price.get("id"))
    known = work.catalogue.prices.get(identifier, {})
    tiered = price.get("billing_scheme") == "tiered" or price.get("tiers_mode") is not None
    elsewhere = work.currency is not None and price.get("currency") != work.currency
    added: dict[str, object] = {}
    if tiered and price.get("tiers") is None:
        added |= _known(known, "tiers", f"tiers:{identifier}", work)
    if elsewhere and work.currency not in _options(price):
        added |= _known(known, "currency_options", f"currency:{identifier}", work)
    return {**price, **added} if added else price


def _options(price: Json) -> Json:
    options = price.get("currency_options")
    return options if isinstance(options, dict) else {}


def _known(known: Json, name: str, gap: str, work: _Work) -> dict[str, object]:
    if known.get(name) is None:
        work.missing[gap] = None
        return {}
    return {name: known[name]}


def _with_discounts(holder: Json, work: _Work) -> dict[str, object]:
    done = dict(holder)
    many, one = holder.get("discounts"), holder.get("discount")
    if isinstance(many, list):
        expanded = {str(one.get("id")): one} if isinstance(one, dict) else {}
        done["discounts"] = [
            _discount(expanded.get(each, each) if isinstance(each, str) else each, work) for each in many
        ]
    if one is not None and not many:
        done["discount"] = _discount(one, work)
    return done


def _discount(discount: object, work: _Work) -> object:
    if isinstance(discount, str):
        known = work.catalogue.discounts.get(discount)
        if known is None:
            work.missing[f"discount:{discount}"] = None
            return discount
        discount = known
    return _expanded(discount, work) if isinstance(discount, dict) else discount


def _expanded(discount: Json, work: _Work) -> dict[str, object]:
    coupon = _coupon(coupon_in(discount), work)
    if discount.get("source") is None:
        return {**discount, "coupon": coupon}
    source = discount["source"]
    return {**discount, "source": {**(source if isinstance(source, dict) else {}), "coupon": coupon}}


def _coupon(coupon: object, work: _Work) -> object:
    identifier = coupon.get("id") if isinstance(coupon, dict) else coupon
    known = work.catalogue.coupons.get(identifier) if isinstance(identifier, str) else None
    terms: Json | None = coupon if isinstance(coupon, dict) and coupon.get("duration") is not None else None
    if known is None and terms is None:
        work.missing[f"coupon:{identifier}"] = None
        return coupon
    filled = {**(known or {}), **{name: value for name, value in (terms or {}).items() if value is not None}}
    if "applies_to" not in filled:
        work.unverified[f"coupon:{identifier}"] = None
    return filled
