"""`stripe.events` → every version as it came, and what follows from it: subscriptions, invoices, refunds, cards."""

from collections.abc import Iterable, Sequence

from libs.domain.fact import Fact
from libs.runtime.turns import in_turns
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Kind, kind_of
from libs.wire.stripe_event import read as facts_of
from libs.wire.topics import STRIPE_EVENTS
from services.api.database import Connection
from services.api.read_model import cards, definitions_due, invoices, refunds, subscriptions, versions
from services.api.read_model.books import books
from services.api.read_model.cells import Changes, add
from services.api.read_model.projection import Projection
from services.api.read_model.told import Told, Where
from services.api.read_model.versions import VersionRow

FACTUAL = frozenset({Kind.SUBSCRIPTION, Kind.INVOICE})


async def write(connection: Connection, rows: Sequence[VersionRow]) -> None:
    """Keep the versions, the newest state of each object, and the daily sums of trials and payments."""
    await versions.write(connection, rows)
    records = [row.record for row in rows]
    told = [Told(_where(record), record, fact) async for record in in_turns(records) for fact in _facts(record)]
    changes: Changes = {}
    held = await books(connection, {record.project for record in records})
    await subscriptions.write(connection, told, held, changes)
    await invoices.write(connection, told, held, changes)
    await refunds.write(connection, records, held, changes)
    await add(connection, changes)
    await cards.write(connection, records)
    await definitions_due.note(connection, records)


PROJECTION = Projection(STRIPE_EVENTS, versions.read, write)


def _where(record: StripeRecord) -> Where:
    return Where(record.project, record.livemode)


def _facts(record: StripeRecord) -> Iterable[Fact]:
    """What the rules can't read is in the mrr service's dead letters."""
    if kind_of(record.type) not in FACTUAL:
        return ()
    try:
        return facts_of(record)
    except MalformedRecord:
        return ()
