"""A record of `stripe.events` as facts for the rules."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from libs.domain.customer import Customer
from libs.domain.discount import AppliedDiscount
from libs.domain.fact import Fact
from libs.domain.identity import EventId
from libs.domain.invoice import Invoice
from libs.domain.subscription import Subscription
from libs.domain.version import Version
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import customers, discounts, invoices, subscriptions
from libs.wire.stripe_event.kinds import Kind, action_of, is_terminal, kind_of, rank_of
from libs.wire.stripe_event.narrowing import shaped
from libs.wire.stripe_event.overlay import before
from libs.wire.stripe_event.shapes import CustomerShape, DiscountShape, InvoiceShape, SubscriptionShape

Content = TypeVar("Content")
Shape = TypeVar("Shape", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Shape, Content]):
    """How one kind of object is read, when it can't change any more, its fingerprint, and the fields that matter."""

    decoder: msgspec.json.Decoder[Shape]
    content: Callable[[Shape, StripeRecord], Content]
    terminal: Callable[[Content], bool]
    fingerprint: Callable[[Content], bytes]
    fields: frozenset[str]

    def shape(self, record: StripeRecord) -> Shape:
        """The object of a record, as it arrived. Raises MalformedRecord."""
        return shaped(self.decoder, record.object)

    def version(self, shape: Shape, record: StripeRecord) -> Version[Content]:
        """The version that `record` shows, with the fingerprint of what was before it where the event tells."""
        content = self.content(shape, record)
        digest, was = self.fingerprint(content), self.previous(shape, content, record)
        return Version(
            at=record.version.created,
            rank=rank_of(action_of(record.type), self.terminal(content)),
            content=content,
            digest=digest,
            previous=digest if was is content else None if was is None else self.fingerprint(was),
            event=None if record.event_id is None else EventId(record.event_id),
        )

    def previous(self, shape: Shape, content: Content, record: StripeRecord) -> Content | None:
        """What the object was just before the event, where the event tells: `content` itself where it was the same.

        None also where it tells nonsense: the object itself is sound, what it was before is then told by nobody.
        """
        if bytes(record.previous_attributes) == b"null":
            return None
        try:
            earlier = before(shape, record.previous_attributes, self.fields)
            return content if earlier is shape else self.content(earlier, record)
        except MalformedRecord:
            return None


@dataclass(frozen=True, slots=True)
class Seen:
    """A record that was read: what it tells of its customer, and the shape of the object that this was read from."""

    facts: tuple[Fact, ...] = ()
    shape: msgspec.Struct | None = None


NOTHING_SEEN = Seen()


def read(record: StripeRecord) -> tuple[Fact, ...]:
    """What `record` tells about its customer; nothing for types that revenue does not depend on.

    Raises MalformedRecord naming the event, its customer and the path of the first fault.
    """
    return seen(record).facts


def seen(record: StripeRecord) -> Seen:
    """As `read`, with the shape: what else is to be read of the object need not decode it again."""
    try:
        return _seen(record)
    except MalformedRecord as error:
        origin = record.event_id or record.type
        raise MalformedRecord(
            f"{origin} ({record.type}) of customer {record.customer} in project {record.project}: {error}"
        ) from error


def read_previous(record: StripeRecord) -> Subscription | None:
    """The subscription as it was just before the event, where the event tells; None for other records."""
    if kind_of(record.type) is not Kind.SUBSCRIPTION or bytes(record.previous_attributes) == b"null":
        return None
    try:
        shape = _SUBSCRIPTION.shape(record)
        return _SUBSCRIPTION.previous(shape, _SUBSCRIPTION.content(shape, record), record)
    except MalformedRecord:
        return None


def _seen(record: StripeRecord) -> Seen:
    match kind_of(record.type):
        case Kind.SUBSCRIPTION:
            subscription = _SUBSCRIPTION.shape(record)
            return Seen((_SUBSCRIPTION.version(subscription, record),), subscription)
        case Kind.INVOICE:
            invoice = _INVOICE.shape(record)
            return Seen((_INVOICE.version(invoice, record),), invoice)
        case Kind.CUSTOMER:
            customer = _CUSTOMER.shape(record)
            return Seen((_CUSTOMER.version(customer, record),), customer)
        case Kind.DISCOUNT:
            discount = _DISCOUNT.shape(record)
            return Seen((_DISCOUNT.version(discount, record),), discount)
        case _:
            return NOTHING_SEEN


def _is_deletion(record: StripeRecord) -> bool:
    return action_of(record.type) == "deleted"


def _subscription(shape: SubscriptionShape, record: StripeRecord) -> Subscription:
    return subscriptions.subscription_of(shape, record.incomplete)


def _invoice(shape: InvoiceShape, record: StripeRecord) -> Invoice:
    return invoices.invoice_of(shape, _is_deletion(record))


def _customer(shape: CustomerShape, record: StripeRecord) -> Customer:
    return customers.customer_of(shape, _is_deletion(record))


def _discount(shape: DiscountShape, record: StripeRecord) -> AppliedDiscount:
    return discounts.applied_discount_of(shape, _is_deletion(record))


_SUBSCRIPTION = Reading(
    subscriptions.DECODER,
    _subscription,
    lambda it: is_terminal(Kind.SUBSCRIPTION, it.status, False),
    subscriptions.subscription_fingerprint,
    subscriptions.FIELDS,
)
_INVOICE = Reading(
    invoices.DECODER,
    _invoice,
    lambda it: is_terminal(Kind.INVOICE, it.status, False),
    invoices.invoice_fingerprint,
    invoices.FIELDS,
)
_CUSTOMER = Reading(
    customers.DECODER, _customer, lambda it: it.deleted, customers.customer_fingerprint, customers.FIELDS
)
_DISCOUNT = Reading(
    discounts.DECODER, _discount, lambda it: it.removed, discounts.discount_fingerprint, discounts.FIELDS
)
