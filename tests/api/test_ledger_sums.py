"""The ledger in PostgreSQL says of any period what the pure functions say of the same movements, to the last digit."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind
from libs.domain.metrics import Bridge, Measured, Period, cohorts, in_period_figures
from libs.domain.metrics import measured as measured_purely
from libs.domain.policy import ChurnFormula, FxMode, Policy, SubscriberChurnFormula
from libs.wire.records import MovementRecord
from services.api.cohorts import cohort_months
from services.api.measuring import Question, measured
from services.api.queries import ledger
from services.api.queries.ledger import Scope
from services.api.read_model import movements as projection
from services.api.read_model.leadership import SESSION
from tests.api.builders import PROJECT, movement_record, undone
from tests.counts import examples
from tests.domain.account_lives import account_lives
from tests.domain.states import after
from tests.domain.test_ledger_properties import ALONE, CLIENTS, UNTIL, USD, dearer, policies, rates, written

pytestmark = pytest.mark.timeout(3600)
TABLES = "ledgers, movements, ledger_cells"
ZONES = st.sampled_from(("UTC", "Europe/Berlin", "America/St_Johns"))
DAYS = st.lists(st.integers(-2, 45), min_size=2, max_size=4, unique=True).map(sorted)
DAILY = 0.1  # of all stories are looked at day by day, too
MOVES = st.lists(st.integers(0, 40), unique=True, max_size=4).map(sorted)
counting = st.builds(
    lambda policy, zone, churn, subscribers: replace(
        policy, timezone=zone, churn_formula=churn, subscriber_churn_formula=subscribers
    ),
    policies,
    ZONES,
    st.sampled_from(ChurnFormula),
    st.sampled_from(SubscriberChurnFormula),
)


@dataclass(frozen=True)
class Story:
    """A ledger and the periods that are asked about."""

    movements: tuple[Movement, ...]
    policy: Policy
    periods: tuple[Period, ...]


def periods(days: Sequence[int]) -> tuple[Period, ...]:
    """Periods that follow one another."""
    begins = [date(2025, 1, 1) + timedelta(days=day) for day in days]
    return tuple(Period(first, last - timedelta(days=1)) for first, last in pairwise(begins))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    policy, days, moves = draw(counting), draw(DAYS), draw(MOVES)
    if draw(st.booleans()):
        policy = replace(policy, base_currency=USD, fx=draw(rates), fx_mode=draw(st.sampled_from(FxMode)))
    later = tuple((after(days=day), CLIENTS[(number + 1) % 2]) for number, day in enumerate(moves))
    facts: list[Fact] = draw(account_lives)
    facts = dearer(facts) if draw(st.booleans()) else facts
    movements = written(facts, policy, (*ALONE, *later))
    others = [replace(one, id=f"{one.id}*", client=ClientId(f"{one.client}*")) for one in movements]
    return Story(tuple(sorted((*movements, *others), key=lambda one: one.occurred_at)), policy, periods(days))


async def told(connection: "asyncpg.Connection[asyncpg.Record]", story: Story, chance: Random) -> None:
    """The movements delivered in any order, some twice, some first as they were not, some undone in between."""
    await connection.execute(f"TRUNCATE {TABLES}")
    await connection.execute("INSERT INTO ledgers (project, timezone) VALUES ($1, $2)", PROJECT, story.policy.timezone)
    records = [movement_record(one) for one in story.movements]
    chance.shuffle(records)
    wrong = [mistaken(record) for record in records if chance.random() < 0.3]
    taken_back = [undone(record) for record in records if chance.random() < 0.2]
    for batch in (wrong, taken_back, records, records[: len(records) // 2]):
        if batch:
            await projection.write(connection, [projection.movement_row(record) for record in batch])


def mistaken(record: MovementRecord) -> MovementRecord:
    return msgspec.structs.replace(record, exact_after="77/3")


async def agrees(connection: "asyncpg.Connection[asyncpg.Record]", story: Story, chance: Random) -> None:
    await told(connection, story, chance)
    scope = await ledger.scope(connection, PROJECT, livemode=True, timezone="")
    found = await measured(connection, Question(scope, story.policy, story.periods))
    expected = [measured_purely(story.movements, period, story.policy) for period in story.periods]
    for one, other in zip(found, expected, strict=True):
        assert plain(one) == plain(other)
        assert in_period_figures(one, story.policy) == in_period_figures(other, story.policy)
    if chance.random() < DAILY:
        await agrees_by_day(connection, scope, story)
    today = UNTIL.date()
    assert await cohort_months(connection, scope, today) == cohorts(story.movements, story.policy.timezone, UNTIL)


async def agrees_by_day(connection: "asyncpg.Connection[asyncpg.Record]", scope: Scope, story: Story) -> None:
    """Days that follow one another are read in a way of their own, and so are clients without bridges."""
    days = tuple(day for period in story.periods for day in period.days())
    found = await measured(connection, Question(scope, story.policy, days))
    counted = await measured(connection, Question(scope, story.policy, days, frozenset({"clients"})))
    for day, one, clients in zip(days, found, counted, strict=True):
        expected = measured_purely(story.movements, day, story.policy)
        assert plain(one) == plain(expected)
        assert clients.clients == expected.clients


def plain(of: Measured) -> dict[str, object]:
    """Without kinds that nothing moved by; those who stay are told by three kinds only."""
    bridges = {code: (one.start, moved(one, MovementKind)) for code, one in of.bridges.items()}
    stayed = (MovementKind.EXPANSION, MovementKind.CONTRACTION, MovementKind.CHURN)
    kept = {code: (one.start, moved(one, stayed)) for code, one in of.kept.items()}
    return {"bridges": bridges, "kept": kept, "clients": of.clients, "involuntary": but_zeros(of.involuntary)}


def moved(bridge: Bridge, kinds: Iterable[MovementKind]) -> dict[MovementKind, Fraction]:
    return {kind: bridge.by(kind) for kind in kinds if bridge.by(kind)}


def but_zeros(sums: Mapping[Currency, Fraction]) -> dict[Currency, Fraction]:
    return {code: amount for code, amount in sums.items() if amount}


def test_any_period_of_any_history(migrated: str) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(migrated, server_settings=SESSION))

        @settings(max_examples=examples(150, 5_000), suppress_health_check=[HealthCheck.too_slow])
        @given(stories(), st.randoms(use_true_random=False))
        def same_figures(story: Story, chance: Random) -> None:
            runner.run(agrees(connection, story, chance))

        same_figures()
        runner.run(connection.close())
