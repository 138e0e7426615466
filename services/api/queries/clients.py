"""Clients: one, or a page of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.api.cursors import Position
from services.api.database import Connection

# A client is at risk while it pays and has a signal that nobody has resolved.
UNRESOLVED = """EXISTS (SELECT FROM signals WHERE signals.project = clients.project AND signals.client = clients.client
                                  AND signals.status <> 'resolved')"""
AT_RISK = f"(clients.status = 'active' AND {UNRESOLVED})"
# Signals are looked up for the rows that are shown, whatever the filters had to look at.
SHOWN = """
SELECT client, name, mrr_order, livemode, record, open_signals,
       CASE WHEN status = 'active' AND open_signals <> '{{}}' THEN 'at_risk' ELSE status END AS shown_status
FROM ({clients}) AS found CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(id ORDER BY opened_at, id), '{{}}') AS open_signals FROM signals
    WHERE signals.project = found.project AND signals.client = found.client AND signals.status <> 'resolved'
) AS open
"""
ONE = SHOWN.format(clients="SELECT * FROM clients WHERE project = $1 AND client = $2")
STATUSES = {
    "active": f"clients.status = 'active' AND NOT {UNRESOLVED}",
    "at_risk": AT_RISK,
    "churned": "clients.status = 'churned'",
    "none": "clients.status = 'none'",
}
# By name of the sort: the column, which side of the position comes next, and the direction.
SORTS = {
    "mrr": ("mrr_order", ">", "ASC"),
    "-mrr": ("mrr_order", "<", "DESC"),
    "name": ("name", ">", "ASC"),
    "-name": ("name", "<", "DESC"),
}


@dataclass(frozen=True, slots=True)
class ClientFilter:
    """Which clients, in which order; each filter None where it does not matter."""

    livemode: bool
    status: str | None
    min_mrr: Decimal | None
    words: str | None
    at_risk: bool | None
    sort: str


@dataclass(frozen=True, slots=True)
class ClientFound:
    client: str
    name: str
    mrr_order: str
    livemode: bool
    record: bytes
    shown_status: str
    open_signals: Sequence[str]


async def one(connection: Connection, project: str, client: str) -> ClientFound | None:
    """The client with that id."""
    row = await connection.fetchrow(ONE, project, client)
    return None if row is None else ClientFound(**row)


async def page(
    connection: Connection, project: str, wanted: ClientFilter, after: Position | None, limit: int
) -> list[ClientFound]:
    """Up to `limit` clients that follow the position."""
    column, beyond, direction = SORTS[wanted.sort]
    order = f"ORDER BY {column} {direction}, client {direction}"
    values: list[object] = [project, wanted.livemode, limit]
    conditions = ["project = $1", "livemode = $2", *_conditions(wanted, values)]
    if after is not None:
        values += [after.value, after.id]
        conditions.append(f"({column}, client) {beyond} (${len(values) - 1}::text, ${len(values)}::text)")
    found = f"SELECT * FROM clients WHERE {' AND '.join(conditions)} {order} LIMIT $3"  # noqa: S608 – our own words, values are parameters
    return [ClientFound(**row) for row in await connection.fetch(f"{SHOWN.format(clients=found)} {order}", *values)]


def _conditions(wanted: ClientFilter, values: list[object]) -> Iterator[str]:
    """A condition for each filter that is set, its value appended to `values`: unset ones cost the planner nothing."""
    if wanted.status is not None:
        yield STATUSES[wanted.status]
    if wanted.at_risk is not None:
        yield AT_RISK if wanted.at_risk else f"NOT {AT_RISK}"
    if wanted.min_mrr is not None:
        values.append(wanted.min_mrr)
        yield f"mrr_order >= lpad(ceil(${len(values)}::numeric * 1000)::text, 40, '0')"
    if wanted.words is not None:
        values.append(f"%{_literal(wanted.words.lower())}%")
        yield f"search LIKE ${len(values)}::text"


def sorted_value(found: ClientFound, sort: str) -> str:
    """What a cursor keeps of a row: the value that the list is sorted by."""
    return found.name if SORTS[sort][0] == "name" else found.mrr_order


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
