"""Stripe's subscription, from the plan style of 2018 to endive, as the domain's."""

from collections.abc import Iterator
from decimal import Decimal
from operator import attrgetter

import msgspec

from libs.domain.discount import Discount
from libs.domain.identity import Currency, CustomerId, ItemId, SubscriptionId
from libs.domain.subscription import Cancellation, Item, PauseCollection, Subscription
from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event.discounts import discount_gaps, discounts_of
from libs.wire.stripe_event.fingerprints import fingerprint
from libs.wire.stripe_event.narrowing import exact, id_of, instant, shaped
from libs.wire.stripe_event.prices import price_gaps, price_of
from libs.wire.stripe_event.shapes import ItemShape, SubscriptionShape, TaxRateShape

_decoder = msgspec.json.Decoder(SubscriptionShape)
_no_cancellation = Cancellation()

# The fields that `previous_attributes` may name and that change what the rules see.
FIELDS = frozenset(SubscriptionShape.__struct_fields__) - {"id", "created", "customer", "currency"}


def read_subscription(data: bytes | msgspec.Raw, known_gaps: tuple[str, ...] = ()) -> Subscription:
    """The subscription in `data`; `known_gaps` are those that its record names. Raises MalformedRecord."""
    shape = shaped(_decoder, data)
    customer = id_of(shape.customer) or shape.customer_account
    if customer is None:
        raise MalformedRecord(f"subscription {shape.id} has no customer")
    lines = _lines(shape)
    items = tuple(_item(shape, line) for line in lines)
    currency = Currency(_currency(shape, items))
    discounts = discounts_of(shape.discounts, shape.discount)
    period_start, period_end = _period(shape, lines)
    pause, why = shape.pause_collection, shape.cancellation_details
    return Subscription(
        id=SubscriptionId(shape.id),
        customer=CustomerId(customer),
        status=shape.status,
        currency=currency,
        items=items,
        discounts=discounts,
        created=instant(shape.created),
        start_date=instant(shape.start_date or shape.start),
        trial_start=instant(shape.trial_start),
        trial_end=instant(shape.trial_end),
        current_period_start=instant(period_start),
        current_period_end=instant(period_end),
        cancel_at_period_end=shape.cancel_at_period_end,
        cancel_at=instant(shape.cancel_at),
        canceled_at=instant(shape.canceled_at),
        ended_at=instant(shape.ended_at),
        pause_collection=None if pause is None else PauseCollection(pause.behavior, instant(pause.resumes_at)),
        cancellation=_no_cancellation if why is None else Cancellation(why.reason, why.feedback, why.comment),
        gaps=tuple(dict.fromkeys((*_gaps(shape, items, discounts, currency), *known_gaps))),
    )


def subscription_fingerprint(subscription: Subscription) -> bytes:
    """What the subscription says, less what the catalogue completes: prices and discounts stand by their ids."""
    pause, why = subscription.pause_collection, subscription.cancellation
    return fingerprint(
        (
            subscription.status,
            [_item_mark(item) for item in sorted(subscription.items, key=_id_of_item)],
            [discount.id for discount in subscription.discounts],
            subscription.start_date,
            subscription.trial_start,
            subscription.trial_end,
            subscription.current_period_start,
            subscription.current_period_end,
            subscription.cancel_at_period_end,
            subscription.cancel_at,
            subscription.canceled_at,
            subscription.ended_at,
            None if pause is None else (pause.behavior, pause.resumes_at),
            (why.reason, why.feedback, why.comment),
        )
    )


_id_of_item = attrgetter("id")


def _item_mark(item: Item) -> tuple[object, ...]:
    return item.id, item.price.id, item.quantity, [discount.id for discount in item.discounts], item.inclusive_tax


def _lines(shape: SubscriptionShape) -> tuple[ItemShape, ...]:
    if shape.items is not None and shape.items.data:
        return shape.items.data
    if bytes(shape.plan) == b"null":
        return ()
    return (ItemShape(id=f"{shape.id}:plan", plan=shape.plan, quantity=shape.quantity),)


def _item(shape: SubscriptionShape, line: ItemShape) -> Item:
    data = bytes(line.price)
    if data == b"null":
        data = bytes(line.plan)
    if data == b"null":
        raise MalformedRecord(f"item {line.id} has neither price nor plan")
    rates = line.tax_rates or shape.default_tax_rates
    return Item(
        id=ItemId(line.id),
        price=price_of(data, shape.currency),
        quantity=line.quantity,
        discounts=discounts_of(line.discounts),
        inclusive_tax=_inclusive(rates) if rates else None,
    )


def _inclusive(rates: tuple[str | TaxRateShape, ...]) -> tuple[Decimal, ...] | None:
    """The percentages that the amounts contain; None where a rate is given by id only."""
    known = [rate for rate in rates if isinstance(rate, TaxRateShape)]
    if len(known) < len(rates):
        return None
    return tuple(exact(rate.percentage, "tax_rates.percentage") for rate in known if rate.inclusive and rate.percentage)


def _currency(shape: SubscriptionShape, items: tuple[Item, ...]) -> str:
    if shape.currency:
        return shape.currency.lower()
    if not items:
        raise MalformedRecord(f"subscription {shape.id} has neither currency nor items")
    return items[0].price.currency


def _period(shape: SubscriptionShape, lines: tuple[ItemShape, ...]) -> tuple[int | None, int | None]:
    if shape.current_period_end is not None or shape.current_period_start is not None:
        return shape.current_period_start, shape.current_period_end
    starts = [line.current_period_start for line in lines if line.current_period_start is not None]
    ends = [line.current_period_end for line in lines if line.current_period_end is not None]
    return min(starts, default=None), max(ends, default=None)


def _gaps(
    shape: SubscriptionShape, items: tuple[Item, ...], discounts: tuple[Discount, ...], currency: str
) -> Iterator[str]:
    if not items or (shape.items is not None and shape.items.has_more):
        yield "items"
    for item in items:
        yield from price_gaps(item.price, currency)
        yield from discount_gaps(item.discounts)
    yield from discount_gaps(discounts)
