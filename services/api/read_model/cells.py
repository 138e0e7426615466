"""The daily sums of the ledger, kept in step with the rows they are sums of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libs.domain.metrics.cells import Cell, Cells, difference
from services.api.database import Connection

ADD = """
INSERT INTO ledger_cells AS held (project, livemode, generation, measure, day, edge, currency, label, den, num, n)
SELECT * FROM unnest($1::text[], $2::bool[], $3::int[], $4::text[], $5::date[], $6::date[], $7::text[], $8::text[],
                     $9::text[], $10::numeric[], $11::bigint[])
ON CONFLICT (project, livemode, generation, measure, day, edge, currency, label, den) DO UPDATE SET
    num = held.num + excluded.num, n = held.n + excluded.n
"""
SWEEP = """
DELETE FROM ledger_cells AS held USING unnest($1::text[], $2::bool[], $3::int[], $4::text[], $5::date[], $6::date[],
                                              $7::text[], $8::text[], $9::text[])
    AS t (project, livemode, generation, measure, day, edge, currency, label, den)
WHERE held.project = t.project AND held.livemode = t.livemode AND held.generation = t.generation
  AND held.measure = t.measure AND held.day = t.day AND held.edge = t.edge AND held.currency = t.currency
  AND held.label = t.label AND held.den = t.den AND held.num = 0 AND held.n = 0
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a project keeps the sums of one generation of its ledger."""

    project: str
    livemode: bool
    generation: int


Changes = dict[Shelf, Cells]


def note(changes: Changes, shelf: Shelf, before: Cells, after: Cells) -> None:
    """Remember what is to be added where."""
    found = difference(before, after)
    held = changes.setdefault(shelf, {})
    for cell, (num, n) in found.items():
        had = held.get(cell, (0, 0))
        held[cell] = had[0] + num, had[1] + n


async def add(connection: Connection, changes: Mapping[Shelf, Cells]) -> None:
    """Add all that was noted; sums that are nothing any more go."""
    rows = [(shelf, cell, sums) for shelf, held in changes.items() for cell, sums in held.items() if sums != (0, 0)]
    if not rows:
        return
    keys = _keys((shelf, cell) for shelf, cell, _ in rows)
    await connection.execute(ADD, *keys, *_sums(sums for _, _, sums in rows))
    await connection.execute(SWEEP, *keys)


def _keys(places: Iterable[tuple[Shelf, Cell]]) -> list[list[object]]:
    rows = [
        (
            shelf.project,
            shelf.livemode,
            shelf.generation,
            cell.measure.value,
            cell.day,
            cell.edge,
            cell.currency,
            cell.label,
            str(cell.den),
        )
        for shelf, cell in places
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _sums(sums: Iterable[tuple[int, int]]) -> list[list[object]]:
    found = list(sums)
    return [[str(num) for num, _ in found], [n for _, n in found]]
