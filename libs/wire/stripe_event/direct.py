"""Facts straight from Stripe's JSON, for scenarios and files: the same steps as the services, without a topic."""

from datetime import datetime

import msgspec

from libs.domain.fact import Fact
from libs.domain.subscription import Subscription
from libs.wire.records import StripeRecord
from libs.wire.stripe_event.catalogue import Catalogue
from libs.wire.stripe_event.envelope import envelope, event_of
from libs.wire.stripe_event.narrowing import Json
from libs.wire.stripe_event.publishing import Origin, snapshot_record, to_record
from libs.wire.stripe_event.reading import read, read_previous
from libs.wire.stripe_event.sanitising import sanitised

_HERE = Origin(project="local", account="local")


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


def _read(record: StripeRecord) -> tuple[Fact, ...]:
    """Coupons written out in a file are taken at their word: what the record lacks is told by its object alone."""
    return read(msgspec.structs.replace(record, incomplete=()))
