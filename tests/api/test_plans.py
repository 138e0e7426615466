"""Each query about revenue finds its rows by an index, seen as the API sees the tables: behind the wall."""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from libs.domain.metrics import Period
from libs.domain.metrics.cells import Measure
from libs.domain.policy import DEFAULT
from services.api.cohorts import cohort_months
from services.api.cursors import Position
from services.api.database import Connection, Database
from services.api.measuring import Question, measured
from services.api.queries import (
    clients,
    definitions,
    figures,
    ledger,
    movements,
    parts,
    payments,
    risk_then,
    segments,
    subscriptions,
)
from services.api.queries.clients import ClientFilter
from services.api.queries.ledger import Scope
from services.api.queries.movements import MovementFilter
from services.api.queries.parts import Part
from services.api.queries.payments import Page
from services.api.queries.segments import Bounds
from services.api.queries.subscriptions import SubscriptionFilter
from tests.bench.tables.filling import PROJECT, fill

NOW = datetime.now(UTC)
TODAY = NOW.date()
SCOPE = Scope(PROJECT, True, 0, "UTC")
UNKNOWN = Scope(PROJECT, True, 9, "UTC")  # not a ledger of one currency
YEAR = tuple(Period(first, first + timedelta(days=27)) for first in (TODAY - timedelta(days=28 * n) for n in range(12)))
KEPT, COUNTED = Bounds("growth", "1", "2"), Bounds("growth", "1", "2", is_kept=False)
PAGE = Page(PROJECT, True, Position(NOW.isoformat(), "x"), 50)
BIG = {"movements", "ledger_cells", "part_cells", "subscriptions", "subscription_plans", "invoices", "clients",
       "client_words", "client_mrr", "client_health", "failed_payments", "cards", "definitions"}  # fmt: skip


def clients_by(sort: str = "-mrr", **filters: Any) -> ClientFilter:
    """Clients in an order, all of them unless something is said."""
    nothing = {"status": None, "min_mrr": None, "words": None, "at_risk": None}
    return ClientFilter(livemode=True, sort=sort, **nothing | filters)


Asking = Callable[[Connection], Awaitable[object]]
LEDGER_ASKED: dict[str, Asking] = {
    "every figure": lambda it: measured(it, Question(SCOPE, DEFAULT, tuple(reversed(YEAR)))),
    "cohorts": lambda it: cohort_months(it, SCOPE, TODAY),
    "balance": lambda it: ledger.before(it, SCOPE, (Measure.MOVED,), date(2030, 1, 1)),
    "movements": lambda it: movements.page(it, SCOPE, MovementFilter(), None, 50),
    "movements further on": lambda it: movements.page(
        it, SCOPE, MovementFilter(since=NOW), Position(NOW.isoformat(), "x"), 9
    ),
    "movements of a kind": lambda it: movements.page(it, SCOPE, MovementFilter(kind="churn"), None, 50),
    "movements of a client": lambda it: movements.page(it, SCOPE, MovementFilter(client="c1"), None, 50),
    "a client's ledger": lambda it: movements.of_client(it, SCOPE, "c1"),
    "a plan's part": lambda it: parts.moved(it, SCOPE, Part(plan="price_1"), YEAR),
    "a segment's part": lambda it: parts.moved(it, SCOPE, Part(segment=KEPT), YEAR),
    "a segment's part while thresholds change": lambda it: parts.moved(it, SCOPE, Part(segment=COUNTED), YEAR),
    "failed payments": lambda it: payments.failed(it, PAGE),
    "expiring cards": lambda it: payments.expiring(it, PAGE, NOW, NOW),
    "failed attempts": lambda it: figures.failed_payments_in(it, PROJECT, True, [figures.Span(NOW, NOW)]),
    "scheduled churn": lambda it: subscriptions.scheduled_churn(it, PROJECT, True, NOW),
    "a segment": lambda it: segments.within(it, PROJECT, True, KEPT),
    "a segment while thresholds change": lambda it: segments.within(it, PROJECT, True, COUNTED),
    "clients at risk": lambda it: segments.clients_at_risk(it, PROJECT, True),
    "revenue at risk": lambda it: figures.revenue_at_risk(it, PROJECT, True),
    "revenue at risk earlier": lambda it: risk_then.revenue_at_risk(it, SCOPE, NOW - timedelta(days=30)),
    "revenue at risk earlier in many currencies": lambda it: risk_then.revenue_at_risk(it, UNKNOWN, NOW),
    "counts": lambda it: figures.counts(it, PROJECT, True),
    "differing definitions": lambda it: definitions.differing(it, PROJECT, True, "x", 50),
}
CLIENTS: dict[str, ClientFilter] = {
    **{f"by {sort}": clients_by(sort) for sort in ("mrr", "-mrr", "name", "-name", "health", "-health")},
    **{f"that are {status}": clients_by(status=status) for status in ("active", "at_risk", "churned", "none")},
    "at risk by name": clients_by("name", at_risk=True),
    "not at risk": clients_by(at_risk=False),
    "of a segment": clients_by(segment=KEPT),
    "of a least MRR": clients_by(min_mrr=Decimal(5)),
    "with a word": clients_by(words="c000001-000001"),
    "with a word that many have": clients_by(words="c"),
}
ORDERS: dict[str, SubscriptionFilter] = {
    "by id": SubscriptionFilter(True),
    "by renewal": SubscriptionFilter(True, "renews_at", since=NOW, until=NOW),
    "by end": SubscriptionFilter(True, "ends_at", since=NOW),
    "by cancellation": SubscriptionFilter(True, "canceled_at", True, NOW, NOW),
    "by trial": SubscriptionFilter(True, "trial_began", True, NOW, NOW),
    "of a customer": SubscriptionFilter(True, customer="cus_1"),
    "of a client": SubscriptionFilter(True, client="c1"),
    "of a status": SubscriptionFilter(True, status="trialing"),
    "of a plan": SubscriptionFilter(True, plan="price_1"),
}


@pytest.fixture
async def filled(migrated: str, opened: Database) -> Database:
    await fill(migrated, 2_000, 50, lambda _: None)
    return opened


async def scanned(connection: Connection, query: str, values: tuple[Any, ...]) -> set[str]:
    """The large tables that the query would read whole, where an index was to be had."""
    plan = await connection.fetchval(f"EXPLAIN (FORMAT json) {query}", *values)
    return BIG & {node["Relation Name"] for node in nodes(json.loads(plan)[0]["Plan"]) if is_whole(node)}


def is_whole(node: dict[str, Any]) -> bool:
    """Whether a table is read from end to end: without an index, or along one without a condition on it."""
    if node["Node Type"] == "Seq Scan":
        return True
    return node["Node Type"] in ("Index Scan", "Index Only Scan") and "Index Cond" not in node


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def whole_tables(database: Database, asking: Asking) -> dict[str, set[str]]:
    """Each query that `asking` makes, and the large tables that it would read whole."""
    queries: list[tuple[str, tuple[Any, ...]]] = []
    async with database.reading(PROJECT) as connection:
        with connection.query_logger(lambda it: queries.append((it.query, it.args))):
            await asking(connection)
        await connection.execute("SET LOCAL enable_seqscan = off")
        found = {query: await scanned(connection, query, values) for query, values in queries}
    assert found
    return {query: tables for query, tables in found.items() if tables}


async def test_no_query_reads_a_large_table_whole(filled: Database) -> None:
    asked = dict(LEDGER_ASKED)
    for name, wanted in ORDERS.items():
        asked[f"subscriptions {name}"] = _page(wanted)
    for name, of in CLIENTS.items():
        asked[f"clients {name}"] = _clients(of)
    wrong = {name: await whole_tables(filled, asking) for name, asking in asked.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


def _page(wanted: SubscriptionFilter) -> Asking:
    return lambda it: subscriptions.page(it, PROJECT, wanted, None, 50)


def _clients(wanted: ClientFilter) -> Asking:
    return lambda it: clients.page(it, PROJECT, wanted, None, 50)


async def test_the_wall_is_there(filled: Database) -> None:
    async with filled.reading("another") as connection:
        assert await connection.fetchval("SELECT count(*) FROM movements") == 0
        assert await connection.fetchval("SELECT count(*) FROM ledger_cells") == 0


async def test_comparisons_behind_the_wall_are_leakproof(opened: Database) -> None:
    """What the indices are compared by; else PostgreSQL would not use them."""
    async with opened.every_project() as connection:
        for kind in ("text", "date", "timestamptz", "bool", "int4"):
            names: list[asyncpg.Record] = await connection.fetch(
                "SELECT proname FROM pg_operator JOIN pg_proc ON pg_proc.oid = oprcode"
                " WHERE oprleft = $1::text::regtype AND oprright = oprleft AND oprname = ANY(ARRAY['=', '<', '>='])"
                " AND NOT proleakproof",
                kind,
            )
            assert names == [], kind
