"""Stripe's objects and events out of a file, as facts about customers: read by the code that reads the stream."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import orjson

from libs.cli.located import Located, ScenarioError
from libs.domain.discount import Discount
from libs.domain.fact import Fact
from libs.domain.identity import CustomerId
from libs.domain.money import is_currency
from libs.domain.subscription import Subscription
from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event import Catalogue, Kind, customer_of, event_of, kind_of, read_event, read_snapshot
from libs.wire.stripe_event.narrowing import shaped
from libs.wire.stripe_event.prices import price_of
from libs.wire.stripe_event.shapes import CouponShape

_coupon = msgspec.json.Decoder(CouponShape)
_PATH_INSIDE = re.compile(r" - at `\$\.?(.*)`")
_ORIGIN = re.compile(r"^.* in project local: ")


@dataclass(frozen=True, slots=True)
class Told:
    """One fact and the customer it is about."""

    customer: CustomerId
    fact: Fact


@dataclass(frozen=True, slots=True)
class StripeObjects:
    """Stripe's objects by what they are; each knows where it stood."""

    customers: tuple[Located, ...] = ()
    subscriptions: tuple[Located, ...] = ()
    invoices: tuple[Located, ...] = ()
    coupons: tuple[Located, ...] = ()
    discounts: tuple[Located, ...] = ()
    prices: tuple[Located, ...] = ()
    events: tuple[Located, ...] = field(default=())


def facts_of(objects: StripeObjects, as_of: datetime) -> tuple[tuple[Told, ...], int]:
    """The facts that hold at `as_of`, and how many events lie after it. Raises ScenarioError.

    Objects are a snapshot at `as_of`; what they lack is taken from the prices, coupons and discounts beside them.
    """
    catalogue = _catalogue(objects)
    told: list[Told] = []
    for kind, many in (("customer", objects.customers), ("subscription", objects.subscriptions)):
        told += (each for one in many for each in _snapshot(one, kind, as_of, catalogue))
    told += (each for one in objects.invoices for each in _snapshot(one, "invoice", as_of, catalogue))
    happened = [each for event in objects.events for each in _happened(event, catalogue)]
    in_time = [each for each in happened if each.fact.at <= as_of]
    return (*told, *in_time), len(happened) - len(in_time)


def _catalogue(objects: StripeObjects) -> Catalogue:
    catalogue = Catalogue()
    for one in objects.coupons:
        _checked_coupon(one)
        catalogue.learn(_of_kind(one, "coupon"))
    for one in objects.prices:
        _checked_price(one)
        catalogue.learn(_of_kind(one, "price", "plan"))
    for one in objects.discounts:
        catalogue.learn(_of_kind(one, "discount"))
    for one in (*objects.customers, *objects.subscriptions):
        catalogue.learn(one.members())
    for one in objects.events:
        item = one.at("data").at("object") if isinstance(one.at("data").value, dict) else one.at("data")
        if isinstance(item.value, dict):
            catalogue.learn(item.value)
    return catalogue


def _of_kind(one: Located, *kinds: str) -> Mapping[str, object]:
    """The object, which may leave out what it is."""
    given = one.members().get("object")
    if given is not None and given not in kinds:
        one.at("object").refuse(f"must be {' or '.join(kinds)}, not {given!r}")
    one.at("id").text()
    return {**one.members(), "object": given or kinds[0]}


def _checked_coupon(one: Located) -> None:
    with _Faults(one):
        shape = shaped(_coupon, orjson.dumps(_of_kind(one, "coupon")))
    for currency in (shape.currency, *(shape.currency_options or {})):
        _check_currency(currency, one.at("currency"))


def _checked_price(one: Located) -> None:
    with _Faults(one):
        price = price_of(orjson.dumps(_of_kind(one, "price", "plan")), None)
    _check_currency(price.currency, one.at("currency"))


def _snapshot(one: Located, kind: str, at: datetime, catalogue: Catalogue) -> Iterator[Told]:
    item = _of_kind(one, kind)
    with _Faults(one):
        facts = read_snapshot(item, at, catalogue)
    yield from _told(one, facts, customer_of(Kind(kind), item))


def _happened(one: Located, catalogue: Catalogue) -> Iterator[Told]:
    event = {"id": f"evt_at_{one.path}", **one.members()}
    with _Faults(one):
        parsed = event_of(event)
    inside = Located(f"{one.path}.data.object", parsed.object)
    with _Faults(inside):
        facts = read_event(event, catalogue)
    yield from _told(inside, facts, customer_of(kind_of(parsed.type), parsed.object))


def _told(one: Located, facts: Iterable[Fact], customer: str | None) -> Iterator[Told]:
    for fact in facts:
        if customer is None:
            one.at("customer").refuse("must name the customer")
        if isinstance(fact.content, Subscription):
            _check_currencies(one, fact.content)
        yield Told(CustomerId(customer), fact)


def _check_currencies(one: Located, subscription: Subscription) -> None:
    _check_currency(subscription.currency, one.at("currency"))
    for index, item in enumerate(subscription.items):
        _check_currency(item.price.currency, Located(f"{one.path}.items.data[{index}].price.currency", None))
        for discount in item.discounts:
            _check_discount(discount, Located(f"{one.path}.items.data[{index}].discounts", None))
    for discount in subscription.discounts:
        _check_discount(discount, Located(f"{one.path}.discounts", None))


def _check_discount(discount: Discount, where: Located) -> None:
    for off in () if discount.coupon is None else discount.coupon.amounts_off:
        _check_currency(off.currency, where)


def _check_currency(code: str | None, where: Located) -> None:
    if code is not None and not is_currency(code.lower()):
        where.refuse(f"there is no such currency: {code!r}")


class _Faults:
    """What a reader finds wrong with an object, as a fault at its place in the file."""

    def __init__(self, one: Located) -> None:
        self._one = one

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, MalformedRecord):
            raise self._located(str(error)) from error

    def _located(self, message: str) -> ScenarioError:
        fault = _ORIGIN.sub("", message)
        inside = _PATH_INSIDE.search(fault)
        if inside is None:
            return self._by_name(fault)
        path = self._one.path + ("" if inside[1].startswith("[") or not inside[1] else ".") + inside[1]
        return ScenarioError(path, _PATH_INSIDE.sub("", fault))

    def _by_name(self, fault: str) -> ScenarioError:
        """Where the reader names no path, it often begins with the field: "created is missing"."""
        name = fault.partition(" ")[0].removeprefix("body.")
        known = isinstance(self._one.value, dict) and re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", name)
        if known and fault.startswith(f"{name} is "):
            return ScenarioError(f"{self._one.path}.{name}", fault.removeprefix(f"{name} "))
        return ScenarioError(self._one.path, fault)
