"""What belongs to one client: its customers, their invoices, and all that happened, merged by time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.api.cursors import Position
from services.api.database import Connection

CLIENT = "SELECT livemode, customers FROM clients WHERE project = $1 AND client = $2"
CUSTOMERS = "SELECT customer FROM customers WHERE project = $1 AND client = $2"
INVOICES = """
SELECT invoice, found.customer, subscription, status, currency, amount_due, amount_paid, amount_remaining, attempts,
       next_attempt_at, created_at, due_at, paid_at
FROM unnest($3::text[]) AS mine (customer) CROSS JOIN LATERAL (
    SELECT * FROM invoices
    WHERE project = $1 AND livemode = $2 AND customer = mine.customer
      AND ($4::timestamptz IS NULL OR (created_at, invoice) < ($4::timestamptz, $5::text))
    ORDER BY created_at DESC, invoice DESC LIMIT $6
) AS found ORDER BY created_at DESC, invoice DESC LIMIT $6
"""
# The newest of each kind that follow the position, each by its own index, then merged.
FOLLOWS = (
    "($5::timestamptz IS NULL OR"
    " ({time} <= $5 AND ({time}, '{kind}'::text, {id}) < ($5::timestamptz, $6::text, $7::text)))"
)
MINE = "project = $1 AND livemode = $2"
MOVEMENTS = f"""
SELECT 'movement' AS kind, id, occurred_at AS at FROM movements
WHERE {MINE} AND generation = $9 AND client = $3
  AND {FOLLOWS.format(time="occurred_at", kind="movement", id="id")}
ORDER BY occurred_at DESC, id DESC LIMIT $8
"""  # noqa: S608 – our own words, values are parameters
PAYMENTS = f"""
SELECT 'payment' AS kind, found.* FROM unnest($4::text[]) AS mine (customer) CROSS JOIN LATERAL (
    SELECT invoice, paid_at FROM invoices
    WHERE {MINE} AND customer = mine.customer AND paid_at IS NOT NULL
      AND {FOLLOWS.format(time="paid_at", kind="payment", id="invoice")}
    ORDER BY paid_at DESC, invoice DESC LIMIT $8
) AS found
"""  # noqa: S608
FAILURES = f"""
SELECT 'payment_failed' AS kind, found.* FROM unnest($4::text[]) AS mine (customer) CROSS JOIN LATERAL (
    SELECT invoice || ':' || attempt AS id, failed_at FROM failed_payments
    WHERE {MINE} AND customer = mine.customer
      AND {FOLLOWS.format(time="failed_at", kind="payment_failed", id="invoice || ':' || attempt")}
    ORDER BY failed_at DESC, id DESC LIMIT $8
) AS found
"""  # noqa: S608
SIGNALS = f"""
SELECT 'signal' AS kind, id, opened_at AS at FROM signals
WHERE {MINE} AND client = $3 AND {FOLLOWS.format(time="opened_at", kind="signal", id="id")}
ORDER BY opened_at DESC, id DESC LIMIT $8
"""  # noqa: S608
TIMELINE = f"""
SELECT kind, id, at FROM (({MOVEMENTS}) UNION ALL ({PAYMENTS}) UNION ALL ({FAILURES}) UNION ALL ({SIGNALS})) AS events
ORDER BY at DESC, kind DESC, id DESC LIMIT $8
"""  # noqa: S608
INVOICES_BY_ID = """
SELECT invoice, customer, subscription, status, currency, amount_due, amount_paid, amount_remaining, attempts,
       next_attempt_at, created_at, due_at, paid_at
FROM invoices WHERE project = $1 AND livemode = $2 AND invoice = ANY($3::text[])
"""
SIGNALS_BY_ID = "SELECT id, record FROM signals WHERE project = $1 AND id = ANY($2::text[])"


@dataclass(frozen=True, slots=True)
class Belongings:
    """A client's mode (None: it never had revenue) and customers."""

    livemode: bool | None
    customers: Sequence[str]


@dataclass(frozen=True, slots=True)
class InvoiceFound:
    invoice: str
    customer: str
    subscription: str | None
    status: str
    currency: str
    amount_due: int
    amount_paid: int
    amount_remaining: int
    attempts: int
    next_attempt_at: datetime | None
    created_at: datetime
    due_at: datetime | None
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class Owned:
    """Whose: a client of a project, in one mode, with its customers, and its ledger's generation."""

    project: str
    client: str
    livemode: bool
    customers: Sequence[str]
    generation: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a client: a movement, a payment, one that failed, a signal."""

    kind: str
    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """The last event of a page."""

    at: datetime
    kind: str
    id: str


async def belongings(connection: Connection, project: str, client: str) -> Belongings | None:
    """The client's mode and customers; None where there is no such client."""
    row = await connection.fetchrow(CLIENT, project, client)
    if row is None:
        return None
    customers = [each["customer"] for each in await connection.fetch(CUSTOMERS, project, client)]
    return Belongings(row["livemode"], customers)


async def invoices(connection: Connection, owned: Owned, after: Position | None, limit: int) -> Sequence[InvoiceFound]:
    """Up to `limit` invoices of the client's customers that follow the position, the newest first."""
    place = (None, None) if after is None else (datetime.fromisoformat(after.value), after.id)
    rows = await connection.fetch(INVOICES, owned.project, owned.livemode, owned.customers, *place, limit)
    return [InvoiceFound(**row) for row in rows]


async def timeline(connection: Connection, owned: Owned, after: Place | None, limit: int) -> list[Event]:
    """Up to `limit` events that follow the position, the newest first."""
    place = (None, None, None) if after is None else (after.at, after.kind, after.id)
    mine = owned.project, owned.livemode, owned.client, owned.customers
    rows = await connection.fetch(TIMELINE, *mine, *place, limit, owned.generation)
    return [Event(**row) for row in rows]


async def invoices_by_id(connection: Connection, owned: Owned, ids: Sequence[str]) -> dict[str, InvoiceFound]:
    """These invoices, by id."""
    rows = await connection.fetch(INVOICES_BY_ID, owned.project, owned.livemode, ids)
    return {row["invoice"]: InvoiceFound(**row) for row in rows}


async def signals_by_id(connection: Connection, owned: Owned, ids: Sequence[str]) -> dict[str, bytes]:
    """The records of these signals, by id."""
    rows = await connection.fetch(SIGNALS_BY_ID, owned.project, ids)
    return {row["id"]: row["record"] for row in rows}
