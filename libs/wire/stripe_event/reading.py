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
from libs.wire.stripe_event.overlay import before

Content = TypeVar("Content")
Data = bytes | msgspec.Raw


@dataclass(frozen=True, slots=True)
class Reading(Generic[Content]):
    """How one kind of object is read, when it can't change any more, its fingerprint, and the fields that matter."""

    content: Callable[[Data, StripeRecord], Content]
    terminal: Callable[[Content], bool]
    fingerprint: Callable[[Content], bytes]
    fields: frozenset[str]

    def version(self, record: StripeRecord) -> Version[Content]:
        """The version that `record` shows, with the fingerprint of what was before it where the event tells."""
        content = self.content(record.object, record)
        digest = self.fingerprint(content)
        return Version(
            at=record.version.created,
            rank=rank_of(action_of(record.type), self.terminal(content)),
            content=content,
            digest=digest,
            previous=self._previous(record, digest),
            event=None if record.event_id is None else EventId(record.event_id),
        )

    def _previous(self, record: StripeRecord, digest: bytes) -> bytes | None:
        if bytes(record.previous_attributes) == b"null":
            return None
        try:
            earlier = before(record.object, record.previous_attributes, self.fields)
            return digest if earlier is None else self.fingerprint(self.content(earlier, record))
        except MalformedRecord:
            return None  # the object itself is sound; what it was before is then told by nobody


def read(record: StripeRecord) -> tuple[Fact, ...]:
    """What `record` tells about its customer; nothing for types that revenue does not depend on.

    Raises MalformedRecord naming the event, its customer and the path of the first fault.
    """
    try:
        return _facts(record)
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
        earlier = before(record.object, record.previous_attributes, subscriptions.FIELDS)
        return _subscription(record.object if earlier is None else earlier, record)
    except MalformedRecord:
        return None  # as in `Reading`: what it was before is then told by nobody


def _facts(record: StripeRecord) -> tuple[Fact, ...]:
    match kind_of(record.type):
        case Kind.SUBSCRIPTION:
            return (_SUBSCRIPTION.version(record),)
        case Kind.INVOICE:
            return (_INVOICE.version(record),)
        case Kind.CUSTOMER:
            return (_CUSTOMER.version(record),)
        case Kind.DISCOUNT:
            return (_DISCOUNT.version(record),)
        case _:
            return ()


def _is_deletion(record: StripeRecord) -> bool:
    return action_of(record.type) == "deleted"


def _subscription(data: Data, record: StripeRecord) -> Subscription:
    return subscriptions.read_subscription(data, record.incomplete)


def _invoice(data: Data, record: StripeRecord) -> Invoice:
    return invoices.read_invoice(data, _is_deletion(record))


def _customer(data: Data, record: StripeRecord) -> Customer:
    return customers.read_customer(data, _is_deletion(record))


def _discount(data: Data, record: StripeRecord) -> AppliedDiscount:
    return discounts.read_discount(data, _is_deletion(record))


_SUBSCRIPTION = Reading(
    _subscription,
    lambda it: is_terminal(Kind.SUBSCRIPTION, it.status, False),
    subscriptions.subscription_fingerprint,
    subscriptions.FIELDS,
)
_INVOICE = Reading(
    _invoice,
    lambda it: is_terminal(Kind.INVOICE, it.status, False),
    invoices.invoice_fingerprint,
    invoices.FIELDS,
)
_CUSTOMER = Reading(_customer, lambda it: it.deleted, customers.customer_fingerprint, customers.FIELDS)
_DISCOUNT = Reading(_discount, lambda it: it.removed, discounts.discount_fingerprint, discounts.FIELDS)
