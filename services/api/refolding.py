"""A client's whole ledger once more, from the stored versions of its customers' objects, under another policy.

The rule is the domain's (`libs.domain.ledger.refold`); here records are read for it, and written from what it says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.domain import ledger
from libs.domain.fact import Fact
from libs.domain.identity import ClientId, CustomerId, EventId
from libs.domain.ledger import Belonging, CustomerPast
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
    """What is known of one customer: its stored records, and whose it was since when (nothing: this client's)."""

    customer: str
    records: Sequence[bytes]
    belonging: Belonging


def refold(pasts: Iterable[Past], books: Books, until: datetime) -> tuple[MovementRecord, ...]:
    """All entries of the ledger that `books` names, up to `until`."""
    name = ledger_name(books.client, books.livemode)
    movements = ledger.refold(name, (_read(past, books) for past in pasts), books.policy, until)
    return tuple(movement_record(movement, books, REFOLDED) for movement in movements)


def _read(past: Past, books: Books) -> CustomerPast:
    """The past under the name that the ledger of this mode goes by."""
    belonging = past.belonging or ((None, ClientId(books.client)),)
    named = tuple((since, ledger_name(client, books.livemode)) for since, client in belonging)
    facts: list[Fact] = []
    before: dict[EventId, Subscription] = {}
    for data in past.records:
        try:
            record = decode(data, StripeRecord)
            found = read(record) if record.livemode == books.livemode else ()
        except MalformedRecord:
            continue
        facts += found
        previous = read_previous(record)
        if previous is not None and record.event_id is not None:
            before[EventId(record.event_id)] = previous
    return CustomerPast(CustomerId(past.customer), tuple(facts), named, before)
