"""Clients: one, or a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.api.cursors import Position
from services.api.database import Connection

# A client is at risk while it pays and has a signal that nobody has resolved.
SHOWN = """
SELECT client, name, mrr, livemode, record, shown_status, open_signals FROM (
    SELECT c.*, open_signals,
           CASE WHEN c.status = 'active' AND open_signals <> '{}' THEN 'at_risk' ELSE c.status END AS shown_status
    FROM clients AS c CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(id ORDER BY opened_at, id), '{}') AS open_signals FROM signals
        WHERE signals.project = c.project AND signals.client = c.client AND signals.status <> 'resolved'
    ) AS open
) AS shown
"""
ONE = f"{SHOWN} WHERE project = $1 AND client = $2"
PAGE = f"""
{SHOWN} WHERE project = $1 AND livemode = $2
  AND ($3::text IS NULL OR shown_status = $3)
  AND ($4::numeric IS NULL OR mrr >= $4)
  AND ($5::text IS NULL OR search LIKE $5)
  AND ($6::boolean IS NULL OR (shown_status = 'at_risk') = $6)
"""
# By name of the sort: the column with its type, and the direction.
SORTS = {
    "mrr": ("mrr", "numeric", ">", "ASC"),
    "-mrr": ("mrr", "numeric", "<", "DESC"),
    "name": ("name", "text", ">", "ASC"),
    "-name": ("name", "text", "<", "DESC"),
}
CUSTOMERS = "SELECT customers, livemode, record FROM clients WHERE project = $1 AND client = $2"


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
    mrr: Decimal
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
    column, kind, beyond, direction = SORTS[wanted.sort]
    rows = await connection.fetch(
        f"{PAGE} AND ($7::text IS NULL OR ({column}, client) {beyond} ($7::text::{kind}, $8::text))"
        f" ORDER BY {column} {direction}, client {direction} LIMIT $9",
        project,
        wanted.livemode,
        wanted.status,
        wanted.min_mrr,
        None if wanted.words is None else f"%{_literal(wanted.words.lower())}%",
        wanted.at_risk,
        None if after is None else after.value,
        None if after is None else after.id,
        limit,
    )
    return [ClientFound(**row) for row in rows]


def sorted_value(found: ClientFound, sort: str) -> str:
    """What a cursor keeps of a row: the value that the list is sorted by."""
    return str(found.mrr) if SORTS[sort][0] == "mrr" else found.name


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
