"""Sums that are kept beside the rows equal what the rows add up to, whatever changes in whichever order."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.domain.metrics import Period
from libs.runtime.postgres import pool
from services.api.database import Connection, Database
from services.api.queries import figures, parts, segments, subscriptions
from services.api.queries.ledger import Scope
from services.api.queries.parts import Part
from services.api.read_model.leadership import SESSION
from services.api.segmenting import sweep_segments
from services.api.segments import Thresholds, bounds_of, segment_of, thresholds
from tests.api.builders import PROJECT
from tests.counts import examples

pytestmark = pytest.mark.timeout(3600)
NOW = datetime(2025, 3, 10, 15, tzinfo=UTC)
PROJECTED = "INSERT INTO projects (id, name) VALUES ('acme', 'acme') ON CONFLICT DO NOTHING"
EMPTY = "TRUNCATE clients, client_mrr, signals, client_health, subscriptions, movements, ledgers, project_settings"
LEDGER = """
INSERT INTO ledgers (project, timezone, building, building_timezone)
VALUES ('acme', 'America/St_Johns', 1, 'Asia/Tokyo')
"""
CLIENT = """
INSERT INTO clients (project, client, livemode, revision, status, name, search, customers, active_subscriptions,
                     active_subscribers, mrr, incomplete, as_of)
VALUES ('acme', $1, true, 1, $2, $1, concat($1::text, ' ', $2::text, '-co.', $4::int), '{}', 0, 0, $3::text::numeric,
        $4, now())
ON CONFLICT (project, client) DO UPDATE SET status = excluded.status, search = excluded.search, mrr = excluded.mrr,
    incomplete = excluded.incomplete
"""
CLIENT_MRR = """
INSERT INTO client_mrr (project, client, currency, livemode, exact_num, exact_den, minor)
VALUES ('acme', $1, 'usd', true, trunc($2::text::numeric * 1000000), 10000, 0)
ON CONFLICT (project, client, currency) DO UPDATE SET exact_num = excluded.exact_num
"""
GONE = """
WITH amounts AS (DELETE FROM client_mrr WHERE client = $1) DELETE FROM clients WHERE client = $1
"""
SIGNAL = """
INSERT INTO signals (project, id, client, customer, livemode, rule, severity, status, opened_at, updated_at, record)
VALUES ('acme', $1, $2, 'cus', true, 'past_due', 'high', $3, now(), now(), '{}')
ON CONFLICT (project, id) DO UPDATE SET status = excluded.status, client = excluded.client
"""
HEALTH = """
INSERT INTO client_health (project, client, livemode, score, as_of, record)
VALUES ('acme', $1, true, $2, now(), '{}') ON CONFLICT (project, client) DO UPDATE SET score = excluded.score
"""
SUBSCRIPTION = """
INSERT INTO subscriptions (project, livemode, subscription, customer, plans, ends_at, final, mrr_num, mrr_den,
                           mrr_currency)
VALUES ('acme', true, $1, 'cus', $2, $3, $4, $5::text::numeric, 3, 'usd')
ON CONFLICT (project, livemode, subscription) DO UPDATE SET plans = excluded.plans, ends_at = excluded.ends_at,
    final = excluded.final, mrr_num = excluded.mrr_num
"""
MOVEMENT = """
INSERT INTO movements (project, livemode, generation, id, client, kind, currency, occurred_at, amount_num, amount_den,
                       exact_before, exact_after, subscription, estimated, settings, revision, own, caused_by)
VALUES ('acme', true, $1, $2, $3, $4, 'usd', $5, $6::text::numeric, 1, '0', '0', $7, false, 1, 1, '{}', '{}')
ON CONFLICT (project, livemode, generation, id) DO UPDATE SET amount_num = excluded.amount_num,
    client = excluded.client, kind = excluded.kind
"""
THRESHOLDS = """
INSERT INTO project_settings (project, version, preset, policy, segments)
VALUES ('acme', 0, 'default', '{}', $1::text::jsonb)
ON CONFLICT (project) DO UPDATE SET segments = excluded.segments
"""
TABLES = ("clients", "client_mrr", "subscriptions", "movements")
CLIENTS, PLANS, SUBSCRIPTIONS = "abc", ("gold", "silver"), ("sub_1", "sub_2", "sub_3")
Step = Callable[[Connection], Awaitable[object]]
clients, subscription_ids = st.sampled_from(CLIENTS), st.sampled_from(SUBSCRIPTIONS)
hours = st.integers(-2000, 200).map(lambda hour: NOW + timedelta(hours=hour))


@st.composite
def client_steps(draw: st.DrawFn) -> Step:
    client, mrr = draw(clients), draw(st.sampled_from(("0", "0.0009", "0.5", "99.999", "100", "1000", "5000.25")))
    status, incomplete = draw(st.sampled_from(("active", "churned"))), draw(st.integers(0, 1))

    async def step(connection: Connection) -> None:
        await connection.execute(CLIENT_MRR, client, mrr)
        await connection.execute(CLIENT, client, status, mrr, incomplete)

    return step


def sent(query: str, *values: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    """A step that sends one statement with drawn values."""

    def made(drawn: tuple[object, ...]) -> Step:
        return lambda connection: connection.execute(query, *drawn)

    return st.tuples(*values).map(made)


steps = st.one_of(
    client_steps(),
    sent(SIGNAL, st.sampled_from(("s1", "s2")), clients, st.sampled_from(("open", "resolved"))),
    sent(HEALTH, clients, st.integers(0, 100)),
    sent(
        SUBSCRIPTION,
        subscription_ids,
        st.lists(st.sampled_from(PLANS), unique=True, max_size=2),
        hours | st.none(),
        st.booleans(),
        st.sampled_from(("0", "100")),
    ),
    sent(
        MOVEMENT,
        st.integers(0, 1),
        st.sampled_from("mno"),
        clients,
        st.sampled_from(("new", "expansion", "churn")),
        hours,
        st.sampled_from(("-100", "250")),
        subscription_ids | st.none(),
    ),
    sent("DELETE FROM movements WHERE id = $1", st.sampled_from("mno")),
    sent("DELETE FROM signals WHERE id = $1", st.sampled_from(("s1", "s2"))),
    sent(GONE, clients),
    sent(THRESHOLDS, st.sampled_from(('{"growth": "50", "enterprise": "1000"}', '{"growth": "0.5"}'))),
)


ZONES = {0: "America/St_Johns", 1: "Asia/Tokyo"}
PERIODS = (
    Period(date(1970, 1, 2), date(2025, 1, 14)),
    Period(date(2025, 1, 15), date(2025, 3, 8)),
    Period(date(2025, 3, 9), date(2025, 3, 9)),
    Period(date(2025, 3, 10), date(2025, 3, 31)),
)
SEGMENTS = ("enterprise", "growth", "starter")


@dataclass(frozen=True)
class Held:
    """The rows that sums are kept of."""

    clients: Sequence[asyncpg.Record]
    amounts: Sequence[asyncpg.Record]
    subscriptions: Sequence[asyncpg.Record]
    movements: Sequence[asyncpg.Record]
    unresolved: frozenset[str]
    limits: Thresholds

    def segment(self, client: str) -> str | None:
        found = next((row["mrr"] for row in self.clients if row["client"] == client), Decimal(0))
        return segment_of(Decimal(int(found * 1000)) / 1000, self.limits)

    def within(self, segment: str) -> tuple[int, Fraction, Fraction]:
        """How many clients, their MRR, and that of those at risk."""
        members = {row["client"] for row in self.clients if self.segment(row["client"]) == segment}
        return len(members), self.mrr(members), self.mrr(members & self.unresolved)

    def mrr(self, members: Collection[str]) -> Fraction:
        return sum(
            (Fraction(int(row["exact_num"]), 10_000) for row in self.amounts if row["client"] in members), Fraction(0)
        )

    def moved(self, generation: int, plan: str | None, segment: str | None) -> dict[tuple[int, str], tuple[int, int]]:
        """Amounts and counts by period and kind."""
        plans = {row["subscription"]: row["plans"] for row in self.subscriptions}
        found: dict[tuple[int, str], tuple[int, int]] = {}
        for row in self.movements:
            day = row["occurred_at"].astimezone(ZoneInfo(ZONES[generation])).date()
            is_meant = (
                row["generation"] == generation
                and (plan is None or plan in plans.get(row["subscription"], ()))
                and (segment is None or self.segment(row["client"]) == segment)
            )
            for number, period in enumerate(PERIODS):
                if is_meant and period.first <= day <= period.last:
                    num, n = found.get((number, row["kind"]), (0, 0))
                    found[number, row["kind"]] = num + int(row["amount_num"]), n + 1
        return found

    def leaving(self) -> Fraction:
        rows = [row for row in self.subscriptions if row["ends_at"] is not None and row["ends_at"] > NOW]
        return sum((Fraction(int(row["mrr_num"]), 3) for row in rows if not row["final"]), Fraction(0))


async def held(connection: Connection) -> Held:
    rows = {name: await connection.fetch(f"SELECT * FROM {name}") for name in TABLES}
    unresolved = await connection.fetch("SELECT DISTINCT client FROM signals WHERE status <> 'resolved'")
    return Held(
        rows["clients"],
        rows["client_mrr"],
        rows["subscriptions"],
        rows["movements"],
        frozenset(row["client"] for row in unresolved),
        await thresholds(connection, PROJECT),
    )


async def agrees(connection: Connection) -> None:
    """Everything that is kept equals what its rows add up to."""
    rows = await held(connection)
    for name in SEGMENTS:
        found = await segments.within(connection, PROJECT, True, bounds_of(name, rows.limits))
        assert (found.clients, found.mrr.get("usd", 0), found.at_risk.get("usd", 0)) == rows.within(name), name
    for generation, plan, segment in product(ZONES, (None, *PLANS), (None, *SEGMENTS)):
        bounds = None if segment is None else bounds_of(segment, rows.limits)
        scope = Scope(PROJECT, True, generation, ZONES[generation])
        sums = await parts.moved(connection, scope, Part(plan, bounds), PERIODS)
        moved = {(one.number, one.label): (one.num, one.n) for one in sums}
        assert moved == rows.moved(generation, plan, segment), (generation, plan, segment)
    at_risk = {row["client"] for row in rows.clients} & rows.unresolved
    assert (await figures.revenue_at_risk(connection, PROJECT, True)).get("usd", 0) == rows.mrr(at_risk)
    paying = {row["client"] for row in rows.clients if row["status"] == "active"}
    assert await segments.clients_at_risk(connection, PROJECT, True) == len(at_risk & paying)
    counts = await figures.counts(connection, PROJECT, True)
    assert counts.incomplete_clients == sum(row["incomplete"] > 0 for row in rows.clients)
    leaving = await subscriptions.scheduled_churn(connection, PROJECT, True, NOW)
    assert leaving.get("usd", 0) == rows.leaving()
    words = {(row["client"], row["word"]) for row in await connection.fetch("SELECT * FROM client_words")}
    assert words == {(row["client"], word) for row in rows.clients for word in beginnings(row["search"])}
    assert {row["health_order"] for row in rows.clients} <= {"", *await scores(connection)}


def beginnings(searched: str) -> set[str]:
    """Each word, and what is left of it after each sign."""
    words = searched.split()
    starts = {word[place:] for word in words for place in range(1, len(word)) if not word[place - 1].isalnum()}
    return {*words, *(start for start in starts if start[0].isalnum())}


async def scores(connection: Connection) -> set[str]:
    return {f"{row['score']:03d}" for row in await connection.fetch("SELECT score FROM client_health")}


def test_any_changes_in_any_order(migrated: str) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(migrated, server_settings=SESSION))

        async def told(changes: Sequence[Step], is_swept: bool) -> None:
            await connection.execute(EMPTY)
            await connection.execute(LEDGER)
            await connection.execute(PROJECTED)
            for change in changes:
                await change(connection)
            if is_swept:
                async with pool(migrated, "test") as connections:
                    await sweep_segments(Database(connections), page=2)
            await agrees(connection)

        @settings(max_examples=examples(60, 3_000), suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(steps, max_size=25), st.booleans())
        def same_sums(changes: list[Step], is_swept: bool) -> None:
            runner.run(told(changes, is_swept))

        same_sums()
        runner.run(connection.close())


async def test_new_thresholds_are_in_force_at_once_and_kept_once_swept(
    applier: "asyncpg.Connection[asyncpg.Record]", opened: Database
) -> None:
    await applier.execute(PROJECTED)
    await applier.execute(CLIENT_MRR, "a", "70")
    await applier.execute(CLIENT, "a", "active", "70", 0)
    assert (await held(applier)).within("starter") == (1, Fraction(7000), Fraction(0))
    await applier.execute(THRESHOLDS, '{"growth": "50"}')
    assert not (await thresholds(applier, PROJECT)).is_kept
    await agrees(applier)
    await sweep_segments(opened)
    assert (await thresholds(applier, PROJECT)).is_kept
    assert await applier.fetchval("SELECT segment FROM client_mrr") == "growth"
    await agrees(applier)
