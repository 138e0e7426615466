"""What was given back, each amount once: where a charge tells how much of it in all, its refunds don't count again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from libs.domain.metrics.cells import Cell, Cells, Measure
from libs.wire.records import StripeRecord
from libs.wire.stripe_event.payments import Refunded, refunded
from services.api.database import Connection
from services.api.read_model.books import Book, Volume
from services.api.read_model.cells import Changes
from services.api.read_model.told import Moment, SumsOf, Where, day_in

HELD = """
SELECT project, livemode, charge, source, id, told_at, told_rank, refunded_at, failed, currency, amount
FROM unnest($1::text[], $2::bool[], $3::text[]) AS wanted (project, livemode, charge)
JOIN refunds USING (project, livemode, charge)
"""
UPSERT = """
INSERT INTO refunds (project, livemode, charge, source, id, told_at, told_rank, refunded_at, failed, currency, amount)
SELECT * FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::smallint[],
                     $8::timestamptz[], $9::bool[], $10::text[], $11::bigint[])
ON CONFLICT (project, livemode, charge, source, id) DO UPDATE SET
    told_at = excluded.told_at, told_rank = excluded.told_rank, refunded_at = excluded.refunded_at,
    failed = excluded.failed, currency = excluded.currency, amount = excluded.amount
"""


class Charge(NamedTuple):
    """A charge; refunds that name none stand together, and each for itself."""

    where: Where
    id: str


class Entry(NamedTuple):
    """One refund, or one sum that a charge told. `at` is when it was first told of."""

    told: Moment
    at: datetime
    failed: bool
    currency: str
    amount: int


Entries = dict[tuple[str, str], Entry]


async def write(
    connection: Connection, records: Sequence[StripeRecord], held: Mapping[str, Book], changes: Changes
) -> None:
    """Hold what the records tell was given back."""
    told = [(record, one) for record in records if (one := refunded(record)) is not None]
    if not told:
        return
    before = await _held(connection, {_charge(record, one) for record, one in told})
    after = {charge: dict(entries) for charge, entries in before.items()}
    for record, one in told:
        _take(after[_charge(record, one)], Moment(record.version.created, record.version.rank), one)
    await connection.execute(UPSERT, *_columns(after))
    for charge, entries in after.items():
        sums = SumsOf(charge.where, held, changes)
        for volume in sums.volumes:
            sums.note(volume, _cells(before[charge], volume), _cells(entries, volume))


def _charge(record: StripeRecord, told: Refunded) -> Charge:
    return Charge(Where(record.project, record.livemode), told.charge or f"of {told.id}")


def _take(entries: Entries, moment: Moment, told: Refunded) -> None:
    """One more telling: it counts from the first, and stands as the last has it."""
    key = "charge" if told.in_all else "refund", told.id
    held = entries.get(key)
    at = told.at if held is None else min(held.at, told.at)
    if held is None or moment >= held.told:
        entries[key] = Entry(moment, at, told.failed, told.currency, told.amount)
    else:
        entries[key] = held._replace(at=at)


def _cells(entries: Entries, volume: Volume) -> Cells:
    found: Cells = {}
    for entry, amount in _given_back(entries):
        cell = Cell(Measure.REFUNDED, day_in(entry.at, volume), currency=entry.currency)
        num, n = found.get(cell, (0, 0))
        found[cell] = num + amount, n + 1
    return found


def _given_back(entries: Entries) -> Iterable[tuple[Entry, int]]:
    """Of a charge what each of its sums adds to the one before."""
    told = sorted((entry.amount, entry) for (source, _), entry in entries.items() if source == "charge")
    if not told:
        return [(entry, entry.amount) for entry in entries.values() if not entry.failed]
    before = [0, *(amount for amount, _ in told)]
    return [(entry, amount - less) for (amount, entry), less in zip(told, before, strict=False) if amount > less]


async def _held(connection: Connection, charges: Iterable[Charge]) -> dict[Charge, Entries]:
    wanted = sorted(charges)
    found: dict[Charge, Entries] = {charge: {} for charge in wanted}
    rows = await connection.fetch(
        HELD,
        [charge.where.project for charge in wanted],
        [charge.where.livemode for charge in wanted],
        [charge.id for charge in wanted],
    )
    for row in rows:
        charge = Charge(Where(row["project"], row["livemode"]), row["charge"])
        told = Moment(row["told_at"], row["told_rank"])
        entry = Entry(told, row["refunded_at"], row["failed"], row["currency"], row["amount"])
        found[charge][row["source"], row["id"]] = entry
    return found


def _columns(charges: Mapping[Charge, Entries]) -> list[list[object]]:
    rows = [
        (*charge.where, charge.id, *key, *entry.told, entry.at, entry.failed, entry.currency, entry.amount)
        for charge, entries in charges.items()
        for key, entry in entries.items()
    ]
    return [list(column) for column in zip(*rows, strict=True)]
