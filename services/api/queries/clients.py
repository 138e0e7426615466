"""Clients: one, or a page of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import asyncpg

from libs.wire.codec import decode
from libs.wire.records import HealthRecord
from services.api.cursors import Position
from services.api.database import Connection
from services.api.queries.segments import Bounds

# A client is at risk while it pays and has a signal that nobody has resolved.
AT_RISK = "(clients.status = 'active' AND clients.risky)"
# Signals are looked up for the rows that are shown, whatever the filters had to look at.
SHOWN = """
SELECT found.client, found.name, mrr_order, found.livemode, found.as_of, found.record, open_signals,
       health.record AS health,
       CASE WHEN status = 'active' AND open_signals <> '{{}}' THEN 'at_risk' ELSE status END AS shown_status,
       entry.version, entry.stakeholder_emails, entry.domains, entry.stripe_customers,
       other.customers AS other_customers, other.active_subscriptions AS other_subscriptions, other.amounts
FROM ({clients}) AS found
LEFT JOIN directory AS entry ON entry.project = found.project AND entry.client = found.client AND NOT entry.deleted
LEFT JOIN client_health AS health ON health.project = found.project AND health.client = found.client
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(id ORDER BY opened_at, id), '{{}}') AS open_signals FROM signals
    WHERE signals.project = found.project AND signals.client = found.client AND signals.status <> 'resolved'
) AS open
CROSS JOIN LATERAL (
    SELECT count(*) AS customers, sum(active_subscriptions) AS active_subscriptions,
           array_agg((SELECT string_agg(currency || ' ' || exact_num || '/' || exact_den, ',') FROM customer_mrr AS paid
                      WHERE paid.project = mine.project AND paid.livemode = mine.livemode
                        AND paid.customer = mine.customer)) AS amounts
    FROM customers AS mine
    WHERE mine.project = found.project AND mine.client = found.client AND mine.livemode <> found.livemode
) AS other
"""
ONE = SHOWN.format(clients="SELECT * FROM clients WHERE project = $1 AND client = $2")
EXACT_MRR = """
SELECT client, currency, exact_num, exact_den FROM client_mrr WHERE project = $1 AND client = ANY($2::text[])
"""
# The words of clients are kept by their beginnings (see the migrations): a pattern could not use an index.
WORDED = "SELECT client FROM client_words WHERE project = $1 AND word >= $2 AND word < $3 LIMIT $4"
FEW = 3000
LONGEST_WORD = 64
SIGNS, BACKSLASHED = re.compile(r"([^\w\s])"), r"\\\1"
STATUSES = {
    "active": "clients.status = 'active' AND NOT clients.risky",
    "at_risk": AT_RISK,
    "churned": "clients.status = 'churned'",
    "none": "clients.status = 'none'",
}
# By name of the sort: the column, which side of the position comes next, and the direction. Clients that nothing is
# known of to judge by come before the worst.
SORTS = {
    "mrr": ("mrr_order", ">", "ASC"),
    "-mrr": ("mrr_order", "<", "DESC"),
    "name": ("name", ">", "ASC"),
    "-name": ("name", "<", "DESC"),
    "health": ("health_order", ">", "ASC"),
    "-health": ("health_order", "<", "DESC"),
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
    segment: Bounds | None = None

    @property
    def takes_unpaid(self) -> bool:
        """Whether clients that never had revenue can be among them."""
        return self.status in (None, "none") and not (self.at_risk or self.min_mrr or self.segment)


@dataclass(frozen=True, slots=True)
class DirectoryPart:
    """What people say of a client."""

    version: int
    stakeholder_emails: Sequence[str]
    domains: Sequence[str]
    stripe_customers: Sequence[str]


@dataclass(frozen=True, slots=True)
class OtherMode:
    """What a client has beside the mode that it is shown in. `exact` is MRR in minor units by currency."""

    customers: int
    active_subscriptions: int
    exact: dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class ClientFound:
    """`record` and `livemode` None: the client is known from the directory alone."""

    client: str
    name: str
    mrr_order: str
    livemode: bool | None
    as_of: datetime
    record: bytes | None
    shown_status: str
    open_signals: Sequence[str]
    directory: DirectoryPart | None
    health: HealthRecord | None = None
    other: OtherMode | None = None

    @property
    def largest(self) -> Decimal:
        """What it is sorted by: the largest of its amounts, in major units."""
        return Decimal(self.mrr_order).scaleb(-3)


async def one(connection: Connection, project: str, client: str) -> ClientFound | None:
    """The client with that id."""
    row = await connection.fetchrow(ONE, project, client)
    return None if row is None else _found(row)


async def exact_mrr(connection: Connection, project: str, clients: Sequence[str]) -> dict[str, dict[str, Fraction]]:
    """Exact MRR in minor units by currency, of each of the clients that has any."""
    found: dict[str, dict[str, Fraction]] = {}
    for row in await connection.fetch(EXACT_MRR, project, clients):
        exact = Fraction(int(row["exact_num"]), int(row["exact_den"]))
        found.setdefault(row["client"], {})[row["currency"]] = exact
    return found


async def page(
    connection: Connection, project: str, wanted: ClientFilter, after: Position | None, limit: int
) -> list[ClientFound]:
    """Up to `limit` clients that follow the position; those of the directory alone are in either mode's list."""
    few: list[str] | None = None
    if words := words_in(wanted.words):
        few = await _few(connection, project, max(words, key=len))
    column, beyond, direction = SORTS[wanted.sort]
    order = f"ORDER BY {column} {direction}, client {direction}"
    values: list[object] = [project, wanted.livemode, limit]
    conditions = ["project = $1", *_conditions(wanted, values)]
    if few is not None:
        values.append(few)
        conditions.append(f"client = ANY(${len(values)}::text[])")
    if after is not None:
        values += [after.value, after.id]
        conditions.append(f"({column}, client) {beyond} (${len(values) - 1}::text, ${len(values)}::text)")
    modes = ["livemode = $2", "livemode IS NULL"][: 2 if wanted.takes_unpaid else 1]
    parts = [f"(SELECT * FROM clients WHERE {mode} AND {' AND '.join(conditions)} {order} LIMIT $3)" for mode in modes]  # noqa: S608 – our own words, values are parameters
    found = f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS clients {order} LIMIT $3"  # noqa: S608
    shown_order = f"ORDER BY found.{column} {direction}, found.client {direction}"
    return [_found(row) for row in await connection.fetch(f"{SHOWN.format(clients=found)} {shown_order}", *values)]


def _found(row: asyncpg.Record) -> ClientFound:
    lists = row["stakeholder_emails"], row["domains"], row["stripe_customers"]
    return ClientFound(
        client=row["client"],
        name=row["name"],
        mrr_order=row["mrr_order"],
        livemode=row["livemode"],
        as_of=row["as_of"],
        record=row["record"],
        shown_status=row["shown_status"],
        open_signals=row["open_signals"],
        directory=None if row["version"] is None else DirectoryPart(row["version"], *lists),
        health=None if row["health"] is None else decode(row["health"], HealthRecord),
        other=_other_mode(row) if row["other_customers"] else None,
    )


def _other_mode(row: asyncpg.Record) -> OtherMode:
    exact: dict[str, Fraction] = {}
    for text in row["amounts"]:
        for amount in text.split(",") if text else ():
            code, _, told = amount.partition(" ")
            exact[code] = exact.get(code, Fraction(0)) + Fraction(told)
    return OtherMode(row["other_customers"], row["other_subscriptions"], exact)


def _conditions(wanted: ClientFilter, values: list[object]) -> Iterator[str]:
    """A condition for each filter that is set, its value appended to `values`: unset ones cost the planner nothing."""
    if wanted.status is not None:
        yield STATUSES[wanted.status]
    if wanted.at_risk is not None:
        yield AT_RISK if wanted.at_risk else f"NOT {AT_RISK}"
    if wanted.min_mrr is not None:
        values.append(wanted.min_mrr)
        yield f"mrr_order >= lpad(ceil(${len(values)}::numeric * 1000)::text, 40, '0')"
    if wanted.segment is not None:
        values += (wanted.segment.low, wanted.segment.high)
        yield f"mrr_order >= ${len(values) - 1}::text AND mrr_order < ${len(values)}::text"
    for word in words_in(wanted.words):
        values.append(_beginning(word))
        yield f"search ~ ${len(values)}::text"


def sorted_value(found: ClientFound, sort: str) -> str:
    """What a cursor keeps of a row: the value that the list is sorted by."""
    match SORTS[sort][0]:
        case "name":
            return found.name
        case "health_order":
            return "" if found.health is None else f"{found.health.score:03d}"
        case _:
            return found.mrr_order


def words_in(searched: str | None) -> list[str]:
    """The words that a client must have, each at the beginning of one of its own."""
    return [] if searched is None else searched.lower().split()


def _beginning(word: str) -> str:
    """A pattern for texts in which a word begins so: after a sign, or, where it begins with a sign, after a space."""
    before = "[^[:alnum:]]" if word[0].isalnum() else "[[:space:]]"
    return f"(^|{before}){re.sub(SIGNS, BACKSLASHED, word)}"


async def _few(connection: Connection, project: str, word: str) -> list[str] | None:
    """The clients of which a word begins so, where they are few; None where they are so many that any list of clients
    comes upon them soon."""
    start = word[:LONGEST_WORD]
    rows = await connection.fetch(WORDED, project, start, f"{start}\U0010ffff", FEW + 1)
    return None if len(rows) > FEW else sorted({row["client"] for row in rows})
