"""A project's present figures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import asyncpg

from services.api.database import Connection

# Totals over customers, kept with every change of one: a customer that moves between clients is in them exactly once.
MRR = """
SELECT currency, den AS exact_den, sum(num) AS exact_num FROM mrr_totals
WHERE project = $1 AND livemode = $2 AND n > 0 GROUP BY currency, den
"""
# Those over clients are kept with every change of a client, a signal or a health (see the migrations).
AT_RISK = """
SELECT currency, den AS exact_den, sum(num) AS exact_num FROM segment_mrr
WHERE project = $1 AND livemode = $2 AND risky AND n > 0 GROUP BY currency, den
"""
COUNTS = """
SELECT coalesce(sum(active_subscriptions), 0)::bigint AS active_subscriptions,
       coalesce(sum(active_subscribers), 0)::bigint AS active_subscribers,
       coalesce(sum(customers), 0)::bigint AS customers,
       (SELECT coalesce(sum(n), 0)::bigint FROM client_totals
        WHERE project = $1 AND livemode = $2 AND incomplete) AS incomplete_clients
FROM customer_totals WHERE project = $1 AND livemode = $2
"""
FAILED_PAYMENTS = """
SELECT count(*) FROM failed_payments WHERE project = $1 AND livemode = $2 AND failed_at >= $3 AND failed_at < $4
"""
FAILED_PAYMENTS_IN = """
SELECT (SELECT count(*) FROM failed_payments
        WHERE project = $1 AND livemode = $2 AND failed_at >= first AND failed_at < last)
FROM unnest($3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS span (first, last, number) ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Counts:
    active_subscriptions: int
    active_subscribers: int
    customers: int
    incomplete_clients: int


@dataclass(frozen=True, slots=True)
class Span:
    """From the first instant to the one after the last."""

    start: datetime
    end: datetime


async def mrr(connection: Connection, project: str, livemode: bool) -> Mapping[str, Fraction]:
    """Exact MRR in minor units, by currency."""
    return await _sums(connection, MRR, project, livemode)


async def revenue_at_risk(connection: Connection, project: str, livemode: bool) -> Mapping[str, Fraction]:
    """Exact MRR of the clients with a signal that is not resolved."""
    return await _sums(connection, AT_RISK, project, livemode)


async def counts(connection: Connection, project: str, livemode: bool) -> Counts:
    """How many subscriptions, subscribers and customers there are."""
    row = await connection.fetchrow(COUNTS, project, livemode)
    assert row is not None
    return Counts(**row)


async def failed_payments(connection: Connection, project: str, livemode: bool, span: Span) -> int:
    """Failed payment attempts within the span."""
    found: int = await connection.fetchval(FAILED_PAYMENTS, project, livemode, span.start, span.end)
    return found


async def failed_payments_in(connection: Connection, project: str, livemode: bool, spans: Sequence[Span]) -> list[int]:
    """Failed payment attempts within each span."""
    firsts, lasts = [one.start for one in spans], [one.end for one in spans]
    return [row["count"] for row in await connection.fetch(FAILED_PAYMENTS_IN, project, livemode, firsts, lasts)]


async def _sums(connection: Connection, query: str, project: str, livemode: bool) -> dict[str, Fraction]:
    return by_currency(await connection.fetch(query, project, livemode))


def by_currency(rows: Iterable[asyncpg.Record]) -> dict[str, Fraction]:
    """Numerators are summed by denominator in PostgreSQL, the few fractions that remain here, both exactly."""
    sums: dict[str, Fraction] = {}
    for row in rows:
        exact = Fraction(int(row["exact_num"]), int(row["exact_den"]))
        sums[row["currency"]] = sums.get(row["currency"], Fraction(0)) + exact
    return sums
