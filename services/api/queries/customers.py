"""Customers: whose they are, by what, and what they add."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import asyncpg

from services.api.cursors import Position
from services.api.database import Connection

COLUMNS = """customers.customer, customers.livemode, customers.client, customers.mapped, customers.matched_by,
customers.conflicts, customers.deleted, customers.email, customers.email_domain, customers.mrr_order,
customers.active_subscriptions, clients.name AS client_name,
coalesce((SELECT array_agg(currency || ' ' || exact_num || '/' || exact_den ORDER BY currency) FROM customer_mrr
          WHERE customer_mrr.project = customers.project AND customer_mrr.livemode = customers.livemode
            AND customer_mrr.customer = customers.customer), '{}') AS amounts"""
JOINED = "LEFT JOIN clients ON clients.project = customers.project AND clients.client = customers.client"
ONE = f"""
SELECT {COLUMNS} FROM customers {JOINED}
WHERE customers.project = $1 AND customers.customer = $2 ORDER BY customers.livemode DESC LIMIT 1
"""  # noqa: S608 – constants of ours
# Whom a change of a client's entry may move: those that it has, and those that the entry would claim.
CONCERNED = f"""
SELECT {COLUMNS} FROM (
    SELECT * FROM customers WHERE project = $1 AND client = $2
    UNION SELECT * FROM customers WHERE project = $1 AND names_client = $2
    UNION SELECT * FROM customers WHERE project = $1 AND customer = ANY($3::text[])
    UNION SELECT * FROM customers WHERE project = $1 AND email = ANY($4::text[])
    UNION SELECT * FROM customers WHERE project = $1 AND email_registered = ANY($5::text[])
    LIMIT $6
) AS customers {JOINED} ORDER BY customers.customer
"""  # noqa: S608
NEWEST_VERSIONS = """
SELECT DISTINCT ON (customer) customer, record FROM object_versions
WHERE project = $1 AND customer = ANY($2::text[]) AND kind = 'customer'
ORDER BY customer, created DESC, rank DESC, digest DESC
"""


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Which customers; each None where it does not matter."""

    livemode: bool
    mapped: bool | None = None
    client: str | None = None
    conflicts: bool | None = None
    sort: str = "-mrr"


@dataclass(frozen=True, slots=True)
class CustomerFound:
    """`exact` is MRR in minor units by currency. `client` None: the streams have not said yet whose it is."""

    customer: str
    livemode: bool
    client: str | None
    client_name: str | None
    mapped: bool
    matched_by: str | None
    conflicts: Sequence[str]
    deleted: bool
    email: str | None
    email_domain: str | None
    active_subscriptions: int
    mrr_order: str
    exact: dict[str, Fraction]


async def one(connection: Connection, project: str, customer: str) -> CustomerFound | None:
    """The customer of that id."""
    row = await connection.fetchrow(ONE, project, customer)
    return None if row is None else _found(row)


async def page(
    connection: Connection, project: str, wanted: CustomerFilter, after: Position | None, limit: int
) -> list[CustomerFound]:
    """Up to `limit` customers that follow the position, by MRR."""
    direction, beyond = ("DESC", "<") if wanted.sort == "-mrr" else ("ASC", ">")
    values: list[object] = [project, wanted.livemode, limit]
    conditions = ["customers.project = $1", "customers.livemode = $2", *_conditions(wanted, values)]
    if after is not None:
        values += [after.value, after.id]
        place = f"(${len(values) - 1}::text, ${len(values)}::text)"
        conditions.append(f"(customers.mrr_order, customers.customer) {beyond} {place}")
    order = f"ORDER BY customers.mrr_order {direction}, customers.customer {direction}"
    query = f"SELECT {COLUMNS} FROM customers {JOINED} WHERE {' AND '.join(conditions)} {order} LIMIT $3"  # noqa: S608 – our own words, values are parameters
    return [_found(row) for row in await connection.fetch(query, *values)]


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an entry claims, or claimed: the customers are looked for by it. `registered` are registrable domains."""

    client: str
    customers: Sequence[str]
    emails: Sequence[str]
    registered: Sequence[str]


async def concerned(connection: Connection, project: str, claimed: Claimed, limit: int) -> list[CustomerFound]:
    """Up to `limit` customers that a change of the client's entry may move."""
    lists = claimed.customers, claimed.emails, claimed.registered
    return [_found(row) for row in await connection.fetch(CONCERNED, project, claimed.client, *lists, limit)]


async def newest_versions(connection: Connection, project: str, customers: Sequence[str]) -> dict[str, bytes]:
    """The record of the newest version of each customer, as far as there is one."""
    rows = await connection.fetch(NEWEST_VERSIONS, project, customers)
    return {row["customer"]: row["record"] for row in rows}


def _conditions(wanted: CustomerFilter, values: list[object]) -> Iterator[str]:
    if wanted.mapped is not None:
        yield "customers.mapped" if wanted.mapped else "NOT customers.mapped"
    if wanted.client is not None:
        values.append(wanted.client)
        yield f"customers.client = ${len(values)}::text"
    if wanted.conflicts is not None:
        yield "customers.conflicts <> '{}'" if wanted.conflicts else "customers.conflicts = '{}'"


def _found(row: asyncpg.Record) -> CustomerFound:
    fields = dict(row)
    exact = _amounts(fields.pop("amounts"))
    return CustomerFound(**fields, exact=exact)


def _amounts(texts: Iterable[str]) -> dict[str, Fraction]:
    return {code: Fraction(exact) for code, _, exact in (text.partition(" ") for text in texts)}
