"""Stripe's objects and events out of a file, as facts about customers: read by the code that reads the stream."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
import orjson

from libs.cli.located import Located
from libs.cli.stripe_faults import FaultsAt, check_coupon, check_price, check_subscription
from libs.domain.fact import Fact
from libs.domain.identity import CustomerId
from libs.domain.subscription import Subscription
from libs.wire.stripe_event import (
    Catalogue,
    Kind,
    customer_of,
    event_of,
    kind_of,
    read_event,
    read_previous_subscription,
    read_snapshot,
)
from libs.wire.stripe_event.discounts import coupon_of
from libs.wire.stripe_event.narrowing import shaped
from libs.wire.stripe_event.prices import price_of
from libs.wire.stripe_event.sanitising import sanitised
from libs.wire.stripe_event.shapes import CouponShape

_coupon = msgspec.json.Decoder(CouponShape)


@dataclass(frozen=True, slots=True)
class Told:
    """One fact and the customer it is about; `before` is what a subscription was just before, where an event tells."""

    customer: CustomerId
    fact: Fact
    before: Subscription | None = None


@dataclass(frozen=True, slots=True)
class StripeObjects:
    """Stripe's objects by what they are; each knows where it stood."""

    customers: tuple[Located, ...] = ()
    subscriptions: tuple[Located, ...] = ()
    invoices: tuple[Located, ...] = ()
    coupons: tuple[Located, ...] = ()
    discounts: tuple[Located, ...] = ()
    prices: tuple[Located, ...] = ()
    events: tuple[Located, ...] = ()


def facts_of(objects: StripeObjects, as_of: datetime) -> tuple[tuple[Told, ...], int]:
    """The facts that hold at `as_of`, and how many events lie after it. Raises ScenarioError.

    Objects are a snapshot at `as_of`; what they lack is taken from the prices, coupons and discounts beside them.
    """
    catalogue = catalogue_of(objects)
    shown = (("customer", objects.customers), ("subscription", objects.subscriptions), ("invoice", objects.invoices))
    told = [each for kind, many in shown for one in many for each in _snapshot(one, kind, as_of, catalogue)]
    happened = [each for event in objects.events for each in _happened(event, catalogue)]
    in_time = [each for each in happened if each.fact.at <= as_of]
    return (*told, *in_time), len(happened) - len(in_time)


def catalogue_of(objects: StripeObjects) -> Catalogue:
    """What the scenario tells of prices, coupons and discounts. Raises ScenarioError."""
    catalogue = Catalogue()
    for one in objects.coupons:
        _checked_coupon(one)
        _learn(catalogue, one, of_kind(one, "coupon"))
    for one in objects.prices:
        _checked_price(one)
        _learn(catalogue, one, of_kind(one, "price", "plan"))
    for one in objects.discounts:
        _learn(catalogue, one, of_kind(one, "discount"))
    for one in (*objects.customers, *objects.subscriptions):
        _learn(catalogue, one, one.members())
    for one in objects.events:
        data = one.at("data")
        item = data.at("object") if isinstance(data.value, dict) else data
        if isinstance(item.value, dict):
            _learn(catalogue, item, item.value)
    return catalogue


def _learn(catalogue: Catalogue, one: Located, item: Mapping[str, object]) -> None:
    with FaultsAt(one):
        catalogue.learn(item)


def of_kind(one: Located, *kinds: str) -> Mapping[str, object]:
    """The object, which may leave out what it is."""
    given = one.members().get("object")
    if given is not None and given not in kinds:
        one.at("object").refuse(f"must be {' or '.join(kinds)}, not {given!r}")
    one.at("id").text()
    return {**one.members(), "object": given or kinds[0]}


def _bytes(one: Located, *kinds: str) -> bytes:
    return orjson.dumps(sanitised(of_kind(one, *kinds)))


def _checked_coupon(one: Located) -> None:
    with FaultsAt(one):
        coupon = coupon_of(shaped(_coupon, _bytes(one, "coupon")))
    if coupon is None:
        one.at("duration").refuse("must be once, repeating or forever, not missing or null")
    check_coupon(coupon, one)


def _checked_price(one: Located) -> None:
    with FaultsAt(one):
        price = price_of(_bytes(one, "price", "plan"), None)
    check_price(price, one)


def _snapshot(one: Located, kind: str, at: datetime, catalogue: Catalogue) -> Iterator[Told]:
    item = of_kind(one, kind)
    with FaultsAt(one):
        facts = read_snapshot(item, at, catalogue)
    yield from _told(one, facts, customer_of(Kind(kind), item))


def _happened(one: Located, catalogue: Catalogue) -> Iterator[Told]:
    event = {"id": f"evt_at_{one.path}", **one.members()}
    with FaultsAt(one):
        parsed = event_of(event)
    inside = Located(f"{one.path}.data.object", parsed.object)
    with FaultsAt(inside):
        facts = read_event(event, catalogue)
        before = read_previous_subscription(event, catalogue)
    for told in _told(inside, facts, customer_of(kind_of(parsed.type), parsed.object)):
        yield replace(told, before=before)


def _told(one: Located, facts: Iterable[Fact], customer: str | None) -> Iterator[Told]:
    for fact in facts:
        if customer is None:
            one.at("customer").refuse("must name the customer")
        if isinstance(fact.content, Subscription):
            check_subscription(fact.content, one)
        yield Told(CustomerId(customer), fact)
