"""`revenue.movements` → the ledger as a table, and its daily sums in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import msgspec

from libs.domain.metrics.cells import Entry, cells, labelled
from libs.wire.codec import MalformedRecord, decode
from libs.wire.contribution_codec import exact_amount
from libs.wire.records import MovementRecord
from libs.wire.topics import REVENUE_MOVEMENTS
from services.api.database import Connection
from services.api.read_model import movement_news
from services.api.read_model.books import Book, Volume, books
from services.api.read_model.cells import Changes, Shelf, add, note
from services.api.read_model.projection import Delivered, Projection

SEPARATOR = "\x1f"
HELD = """
SELECT held.project, held.livemode, held.client, held.generation, id, occurred_at, kind, currency, amount_num,
       amount_den, exact_after, reason, plan_change, cancellation_reason, cancellation_feedback, revision
FROM unnest($1::text[], $2::bool[], $3::text[], $4::int[]) AS wanted (project, livemode, client, generation)
JOIN movements AS held USING (project, livemode, client, generation)
"""
UPSERT = """
INSERT INTO movements AS held (project, livemode, generation, id, client, kind, currency, occurred_at, amount_num,
    amount_den, exact_before, exact_after, customer, subscription, reason, plan_change, cancellation_reason,
    cancellation_feedback, estimated, settings, revision, recorded_at, own, caused_by)
SELECT project, livemode, generation, id, client, kind, currency, occurred_at, amount_num, amount_den, exact_before,
       exact_after, customer, subscription, reason, plan_change, cancellation_reason, cancellation_feedback, estimated,
       settings, revision, recorded_at, own, string_to_array(caused_by, E'\\x1f')
FROM unnest($1::text[], $2::bool[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
            $9::numeric[], $10::numeric[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
            $17::text[], $18::text[], $19::bool[], $20::bigint[], $21::bigint[], $22::timestamptz[], $23::text[],
            $24::text[])
    AS t (project, livemode, generation, id, client, kind, currency, occurred_at, amount_num, amount_den, exact_before,
          exact_after, customer, subscription, reason, plan_change, cancellation_reason, cancellation_feedback,
          estimated, settings, revision, recorded_at, own, caused_by)
ON CONFLICT (project, livemode, generation, id) DO UPDATE SET
    client = excluded.client, kind = excluded.kind, currency = excluded.currency, occurred_at = excluded.occurred_at,
    amount_num = excluded.amount_num, amount_den = excluded.amount_den, exact_before = excluded.exact_before,
    exact_after = excluded.exact_after, customer = excluded.customer, subscription = excluded.subscription,
    reason = excluded.reason, plan_change = excluded.plan_change, cancellation_reason = excluded.cancellation_reason,
    cancellation_feedback = excluded.cancellation_feedback, estimated = excluded.estimated,
    settings = excluded.settings, revision = excluded.revision, recorded_at = excluded.recorded_at, own = excluded.own,
    caused_by = excluded.caused_by
"""
DELETE = """
DELETE FROM movements AS held USING unnest($1::text[], $2::bool[], $3::int[], $4::text[])
    AS t (project, livemode, generation, id)
WHERE (held.project, held.livemode, held.generation, held.id) = (t.project, t.livemode, t.generation, t.id)
"""


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One record; `amount`, `after` exact."""

    record: MovementRecord
    amount: Fraction
    after: Fraction

    @property
    def entry(self) -> Entry:
        """As the daily sums take it."""
        it = self.record
        why = labelled(it.kind, it.reason, it.plan_change, it.cancellation_reason, it.cancellation_feedback)
        return Entry(it.id, it.occurred_at, it.kind or "", it.currency, self.amount, self.after, why)


@dataclass(frozen=True, slots=True)
class Place:
    """One client's ledger in one generation."""

    project: str
    livemode: bool
    client: str
    generation: int


@dataclass(slots=True)
class Kept:
    """A movement that is held: as an entry, and the revision of its record."""

    entry: Entry
    revision: int


Ledgers = dict[Place, dict[str, Kept]]


def read(delivered: Delivered) -> MovementRow:
    """The movement in a record. Raises MalformedRecord."""
    if delivered.value is None:
        raise MalformedRecord("MovementRecord: a record without a value")
    return movement_row(decode(delivered.value, MovementRecord))


def movement_row(record: MovementRecord) -> MovementRow:
    """The record with its amounts read. Raises MalformedRecord."""
    if not record.deleted and (record.kind is None or not record.currency):
        raise MalformedRecord(f"movement {record.id} of client {record.client} has no kind or no currency")
    before, after = exact_amount(record.exact_before), exact_amount(record.exact_after)
    return MovementRow(record, after - before, after)


async def write(connection: Connection, rows: Sequence[MovementRow]) -> None:
    """Hold each movement at its highest revision; keep the sums in step."""
    held = await books(connection, [row.record.project for row in rows])
    targets = [(place, row) for row in rows for place in _places(row, held[row.record.project])]
    await put(connection, targets, {project: _zones(book) for project, book in held.items()})


async def put(
    connection: Connection, targets: Sequence[tuple[Place, MovementRow]], zones: Mapping[str, Mapping[int, str]]
) -> None:
    """Write the rows, each in its generation, whose days are in the zone that `zones` tells by project."""
    ledgers = await _held(connection, {place for place, _ in targets})
    before = {place: {name: one.entry for name, one in kept.items()} for place, kept in ledgers.items()}
    written, gone = _applied(ledgers, targets)
    if gone:
        await connection.execute(DELETE, *_keys(gone))
    if written:
        await connection.execute(UPSERT, *_columns(written))
    changes: Changes = {}
    for place, kept in ledgers.items():
        timezone = zones[place.project][place.generation]
        after = cells((one.entry for one in kept.values()), timezone)
        shelf = Shelf(place.project, place.livemode, place.generation)
        note(changes, shelf, cells(before[place].values(), timezone), after)
    await add(connection, changes)


PROJECTION = Projection(REVENUE_MOVEMENTS, read, write, movement_news.tell)


def _places(row: MovementRow, book: Book) -> Iterable[Place]:
    it = row.record
    return (Place(it.project, it.livemode, it.client, volume.generation) for volume in book.volumes(it.client))


def _zones(book: Book) -> dict[int, str]:
    volumes: tuple[Volume | None, ...] = (book.shown, book.next)
    return {volume.generation: volume.timezone for volume in volumes if volume is not None}


async def _held(connection: Connection, places: Iterable[Place]) -> Ledgers:
    wanted = sorted(places, key=lambda one: (one.project, one.livemode, one.client, one.generation))
    ledgers: Ledgers = {place: {} for place in wanted}
    found = await connection.fetch(
        HELD,
        [place.project for place in wanted],
        [place.livemode for place in wanted],
        [place.client for place in wanted],
        [place.generation for place in wanted],
    )
    for row in found:
        place = Place(row["project"], row["livemode"], row["client"], row["generation"])
        why = (row["kind"], row["reason"], row["plan_change"], row["cancellation_reason"], row["cancellation_feedback"])
        entry = Entry(
            id=row["id"],
            at=row["occurred_at"],
            kind=row["kind"],
            currency=row["currency"],
            amount=Fraction(int(row["amount_num"]), int(row["amount_den"])),
            after=exact_amount(row["exact_after"]),
            why=labelled(*why),
        )
        ledgers[place][entry.id] = Kept(entry, row["revision"])
    return ledgers


Target = tuple[Place, MovementRow]


def _applied(ledgers: Ledgers, targets: Iterable[Target]) -> tuple[list[Target], list[Target]]:
    """Put the rows into `ledgers`, in the order in which they came; gives what to write and what to delete."""
    written: dict[tuple[Place, str], Target] = {}
    gone: dict[tuple[Place, str], Target] = {}
    for place, row in targets:
        name, kept = row.record.id, ledgers[place]
        held = kept.get(name)
        if held is not None and held.revision > row.record.revision:
            continue
        key = place, name
        written.pop(key, None)
        gone.pop(key, None)
        if row.record.deleted:
            kept.pop(name, None)
            gone[key] = place, row
        else:
            kept[name] = Kept(row.entry, row.record.revision)
            written[key] = place, row
    return list(written.values()), list(gone.values())


def _keys(targets: Sequence[Target]) -> list[list[object]]:
    return [
        [place.project for place, _ in targets],
        [place.livemode for place, _ in targets],
        [place.generation for place, _ in targets],
        [row.record.id for _, row in targets],
    ]


def _columns(targets: Sequence[Target]) -> list[list[object]]:
    records = [row.record for _, row in targets]
    amounts = [row.amount for _, row in targets]
    times: list[list[datetime | None]] = [
        [record.occurred_at for record in records],
        [record.recorded_at for record in records],
    ]
    return [
        *_keys(targets),
        [record.client for record in records],
        [record.kind for record in records],
        [record.currency for record in records],
        list(times[0]),
        [str(amount.numerator) for amount in amounts],
        [str(amount.denominator) for amount in amounts],
        [record.exact_before for record in records],
        [record.exact_after for record in records],
        [record.customer for record in records],
        [record.subscription for record in records],
        [record.reason for record in records],
        [record.plan_change for record in records],
        [record.cancellation_reason for record in records],
        [record.cancellation_feedback for record in records],
        [record.estimated for record in records],
        [record.settings for record in records],
        [record.revision for record in records],
        list(times[1]),
        [msgspec.json.encode(record.own).decode() for record in records],
        [SEPARATOR.join(record.caused_by) for record in records],
    ]
