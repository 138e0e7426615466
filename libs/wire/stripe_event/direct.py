"""Facts straight from Stripe's JSON, for scenarios and files: the same steps as the services, without a topic."""

from datetime import datetime

import msgspec

from libs.domain.fact import Fact
from libs.domain.policy import Policy
from libs.domain.subscription import Subscription
from libs.wire.activity import Troubling
from libs.wire.records import InvoiceActivity, StripeRecord
from libs.wire.stripe_event.activities import activities
from libs.wire.stripe_event.allow_list import Kept
from libs.wire.stripe_event.catalogue import Catalogue
from libs.wire.stripe_event.envelope import envelope, event_of
from libs.wire.stripe_event.narrowing import Json
from libs.wire.stripe_event.publishing import Origin, snapshot_record, to_record
from libs.wire.stripe_event.reading import read, read_previous, seen
from libs.wire.stripe_event.sanitising import sanitised

_HERE = Origin(project="local", account="local", kept=Kept(card_expiry=True))


def read_event(event: Json | bytes, catalogue: Catalogue | None = None, origin: Origin = _HERE) -> tuple[Fact, ...]:
    """What one event of Stripe's tells. Raises MalformedRecord."""
    parsed = envelope(event) if isinstance(event, bytes) else event_of(sanitised(event))
    return _read(to_record(parsed, origin, catalogue or Catalogue()))


def read_previous_subscription(
    event: Json, catalogue: Catalogue | None = None, origin: Origin = _HERE
) -> Subscription | None:
    """The subscription as it was just before the event, where `previous_attributes` tell. Raises MalformedRecord."""
    record = to_record(event_of(sanitised(event)), origin, catalogue or Catalogue())
    return read_previous(msgspec.structs.replace(record, incomplete=()))


def read_snapshot(
    item: Json, at: datetime, catalogue: Catalogue | None = None, origin: Origin = _HERE
) -> tuple[Fact, ...]:
    """What an object tells as Stripe's API showed it at `at`; its `object` field says its kind. Raises
    MalformedRecord."""
    return _read(snapshot_record(item, at, origin, catalogue or Catalogue()))


def event_activities(
    event: Json, policy: Policy, catalogue: Catalogue | None = None, customer: str | None = None
) -> tuple[InvoiceActivity | Troubling, ...]:
    """What one event of Stripe's tells of a client's risk; `customer` for an object that names none of its own. Raises
    MalformedRecord."""
    record = to_record(event_of(sanitised(event)), _HERE, catalogue or Catalogue())
    return _activities(msgspec.structs.replace(record, customer=record.customer or customer), policy)


def snapshot_activities(
    item: Json, at: datetime, policy: Policy, catalogue: Catalogue | None = None
) -> tuple[InvoiceActivity | Troubling, ...]:
    """What an object tells of a client's risk as Stripe's API showed it at `at`. Raises MalformedRecord."""
    return _activities(snapshot_record(item, at, _HERE, catalogue or Catalogue()), policy)


def _activities(record: StripeRecord, policy: Policy) -> tuple[InvoiceActivity | Troubling, ...]:
    return tuple(activities(record, seen(_complete(record)), policy))


def _read(record: StripeRecord) -> tuple[Fact, ...]:
    return read(_complete(record))


def _complete(record: StripeRecord) -> StripeRecord:
    """Coupons written out in a file are taken at their word: what the record lacks is told by its object alone."""
    return msgspec.structs.replace(record, incomplete=())
