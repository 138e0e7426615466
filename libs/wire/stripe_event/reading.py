"""A record of `stripe.events` as facts for the rules."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from libs.domain.fact import Fact
from libs.domain.identity import EventId
from libs.domain.version import Version
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import customers, discounts, invoices, subscriptions
from libs.wire.stripe_event.kinds import Kind, action_of, is_terminal, kind_of, rank_of
from libs.wire.stripe_event.overlay import before

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Reading(Generic[Content]):
    """How one kind of object is read, fingerprinted, and which of its fields matter."""

    content: Callable[[bytes | msgspec.Raw], Content]
    fingerprint: Callable[[Content], bytes]
    fields: frozenset[str]

    def version(self, record: StripeRecord, terminal: Callable[[Content], bool]) -> Version[Content]:
        """The version that `record` shows, with the fingerprint of what was before it where the event tells."""
        content = self.content(record.object)
        digest = self.fingerprint(content)
        return Version(
            at=record.version.created,
            rank=rank_of(action_of(record.type), terminal(content)),
            content=content,
            digest=digest,
            previous=self._previous(record, digest),
            event=None if record.event_id is None else EventId(record.event_id),
        )

    def _previous(self, record: StripeRecord, digest: bytes) -> bytes | None:
        changes = record.previous_attributes
        if bytes(changes) == b"null":
            return None
        earlier = before(record.object, changes, self.fields)
        return digest if earlier is None else self.fingerprint(self.content(earlier))


def read(record: StripeRecord) -> tuple[Fact, ...]:
    """What `record` tells about its customer; nothing for types that revenue does not depend on.

    Raises MalformedRecord naming the event, its customer and the path of the first fault.
    """
    kind = kind_of(record.type)
    try:
        return () if kind is None else _facts(kind, record)
    except MalformedRecord as error:
        origin = record.event_id or record.type
        raise MalformedRecord(
            f"{origin} ({record.type}) of customer {record.customer} in project {record.project}: {error}"
        ) from error


def _facts(kind: Kind, record: StripeRecord) -> tuple[Fact, ...]:
    deleted = action_of(record.type) == "deleted"
    match kind:
        case Kind.SUBSCRIPTION:
            subscription = Reading(
                lambda data: subscriptions.read_subscription(data, record.incomplete),
                subscriptions.subscription_fingerprint,
                subscriptions.FIELDS,
            )
            return (subscription.version(record, lambda it: is_terminal(kind, it.status, deleted)),)
        case Kind.CUSTOMER:
            customer = Reading(
                lambda data: customers.read_customer(data, deleted), customers.customer_fingerprint, customers.FIELDS
            )
            return (customer.version(record, lambda it: is_terminal(kind, None, it.deleted)),)
        case Kind.DISCOUNT:
            discount = Reading(
                lambda data: discounts.read_discount(data, deleted), discounts.discount_fingerprint, discounts.FIELDS
            )
            return (discount.version(record, lambda it: is_terminal(kind, None, it.removed)),)
        case Kind.INVOICE:
            invoice = Reading(
                lambda data: invoices.read_invoice(data, deleted), invoices.invoice_fingerprint, invoices.FIELDS
            )
            return (invoice.version(record, lambda it: is_terminal(kind, it.status, deleted)),)
        case _:
            return ()
