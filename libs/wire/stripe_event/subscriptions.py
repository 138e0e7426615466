"""Stripe's subscription, from the plan style of 2018 to endive, as the domain's."""

from operator import attrgetter

import msgspec

from libs.domain.identity import Currency, CustomerId, SubscriptionId
from libs.domain.subscription import Cancellation, Item, PauseCollection, Subscription
from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event.discounts import discount_gaps, discounts_of
from libs.wire.stripe_event.fingerprints import fingerprint
from libs.wire.stripe_event.items import items_of, lines_of, period_of
from libs.wire.stripe_event.narrowing import id_of, instant
from libs.wire.stripe_event.shapes import SubscriptionShape

DECODER = msgspec.json.Decoder(SubscriptionShape)
_NO_CANCELLATION = Cancellation()

# The fields that `previous_attributes` may name and that change what the rules see.
FIELDS = frozenset(SubscriptionShape.__struct_fields__) - {
    "id",
    "created",
    "customer",
    "currency",
    "default_payment_method",
    "default_source",
    "collection_method",
    "billing",
}


def subscription_of(shape: SubscriptionShape, known_gaps: tuple[str, ...] = ()) -> Subscription:
    """The subscription; `known_gaps` are those that its record names. Raises MalformedRecord."""
    customer = id_of(shape.customer) or shape.customer_account
    if customer is None:
        raise MalformedRecord(f"subscription {shape.id} has no customer")
    lines = lines_of(shape)
    items, gaps = items_of(shape, lines)
    discounts = discounts_of(shape.discounts, shape.discount) if shape.discounts or shape.discount else ()
    if discounts:
        gaps += tuple(discount_gaps(discounts))
    period_start, period_end = period_of(shape, lines)
    pause, why = shape.pause_collection, shape.cancellation_details
    return Subscription(
        id=SubscriptionId(shape.id),
        customer=CustomerId(customer),
        status=shape.status,
        currency=Currency(_currency(shape, items)),
        items=items,
        discounts=discounts,
        created=instant(shape.created),
        start_date=instant(shape.created if shape.start_date is None else shape.start_date),
        trial_start=instant(shape.trial_start),
        trial_end=instant(shape.trial_end),
        current_period_start=instant(period_start),
        current_period_end=instant(period_end),
        cancel_at_period_end=shape.cancel_at_period_end,
        cancel_at=instant(shape.cancel_at),
        canceled_at=instant(shape.canceled_at),
        ended_at=instant(shape.ended_at),
        pause_collection=None if pause is None else PauseCollection(pause.behavior, instant(pause.resumes_at)),
        cancellation=_NO_CANCELLATION if why is None else Cancellation(why.reason, why.feedback, why.comment),
        gaps=tuple(dict.fromkeys(gaps + known_gaps)) if gaps or known_gaps else (),
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


def _currency(shape: SubscriptionShape, items: tuple[Item, ...]) -> str:
    if shape.currency:
        return shape.currency.lower()
    if not items:
        raise MalformedRecord(f"subscription {shape.id} has neither currency nor items")
    return items[0].price.currency
