"""A client's whole ledger once more, from the stored versions of its customers' objects, under another policy.

The same pure functions as in the mrr service, so entries have the ids that it gives them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, CustomerId, EventId
from libs.domain.ledger import Belonging, ClientHistory, Member, course_of, ledger, levels_of, stays_with
from libs.domain.subscription import Subscription
from libs.wire.codec import MalformedRecord, decode
from libs.wire.movement_codec import Books, ledger_name, movement_record
from libs.wire.records import MovementRecord, StripeRecord
from libs.wire.stripe_event import read
from libs.wire.stripe_event.reading import read_previous

REFOLDED = 0
"""The revision of what is refolded: whatever the streams tell is newer."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of one customer: its stored records, oldest first, and whose it was since when."""

    customer: str
    records: Sequence[bytes]
    belonging: Belonging


def refold(pasts: Iterable[Past], books: Books, until: datetime) -> tuple[MovementRecord, ...]:
    """All entries of the ledger that `books` names, up to `until`."""
    name = ledger_name(books.client, books.livemode)
    members = (_member(past, books, until) for past in sorted(pasts, key=lambda past: past.customer))
    history = ClientHistory(name, tuple(member for member in members if member is not None))
    return tuple(movement_record(movement, books, REFOLDED) for movement in ledger(history, books.policy, until))


def _member(past: Past, books: Books, until: datetime) -> Member | None:
    belonging = past.belonging or ((None, ClientId(books.client)),)
    stays = stays_with(ClientId(books.client), belonging)
    if not stays:
        return None
    facts, before = _facts(past.records, books.livemode)
    return Member(CustomerId(past.customer), levels_of(course_of(facts, books.policy, until, before)), stays)


def _facts(records: Iterable[bytes], livemode: bool) -> tuple[list[Fact], Mapping[EventId, Subscription]]:
    facts: list[Fact] = []
    before: dict[EventId, Subscription] = {}
    for data in records:
        try:
            record = decode(data, StripeRecord)
            found = read(record) if record.livemode == livemode else ()
        except MalformedRecord:
            continue
        facts += found
        previous = read_previous(record)
        if previous is not None and record.event_id is not None:
            before[EventId(record.event_id)] = previous
    return facts, before
