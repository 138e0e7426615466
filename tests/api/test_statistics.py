"""A read model that grows from nothing is planned for as it is, not as it was when it was empty."""

import asyncpg
import pytest

from services.api.read_model import subscriptions
from services.api.read_model.statistics import analyse_grown

FILL = """
INSERT INTO subscriptions (project, livemode, subscription, customer, status)
SELECT 'acme', true, 'sub_' || n, 'cus_' || n, 'active' FROM generate_series($1::int, $2::int) AS n
"""
KEPT = (
    "SET plan_cache_mode = force_generic_plan",
    f"PREPARE kept (text[], bool[], text[]) AS {subscriptions.TRIALS}",
)
TABLE = "public.subscriptions"
BY_KEY = "Index Scan using subscriptions_pkey"


@pytest.fixture(autouse=True)
async def never_analysed(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Deleted rows leave the table as long as it was; a truncated one is as new."""
    await applier.execute("TRUNCATE subscriptions")


async def plan(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    return "\n".join(row[0] for row in await connection.fetch("EXPLAIN EXECUTE kept (NULL, NULL, NULL)"))


async def test_a_plan_made_for_an_empty_table_is_made_anew_when_it_has_grown(
    applier: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    for statement in KEPT:
        await applier.execute(statement)
    made_for_nothing = await plan(applier)  # which index it takes is luck: each is as cheap
    await applier.execute(FILL, 1, 3000)
    assert await plan(applier) == made_for_nothing
    assert TABLE in await analyse_grown(applier)
    made_for_many = await plan(applier)
    assert made_for_many != made_for_nothing
    assert BY_KEY in made_for_many


async def test_only_what_has_doubled_is_analysed_again(applier: "asyncpg.Connection[asyncpg.Record]") -> None:
    await applier.execute(FILL, 1, 3000)
    assert TABLE in await analyse_grown(applier)
    await applier.execute(FILL, 3001, 4000)
    assert TABLE not in await analyse_grown(applier)
    await applier.execute(FILL, 4001, 9000)
    assert TABLE in await analyse_grown(applier)


async def test_small_tables_and_those_of_others_are_left_alone(
    applier: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await applier.execute(FILL, 1, 20)
    assert TABLE not in await analyse_grown(applier)
    await applier.execute(FILL, 21, 3000)
    await applier.execute("SET ROLE revstream_app")
    assert TABLE not in await analyse_grown(applier)
