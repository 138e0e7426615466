"""Syncs over HTTP: asked for by hand, called off, how long they take, and when they come by themselves."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.api.calling import Api, is_problem

PATH = "/api/integrations/stripe"
ADD = """
INSERT INTO connections (project, id, account, livemode, name, state, credential, key_id)
VALUES ('acme', 'con_1', 'acct_1', true, 'shop', 'active', 'x', 'k')
"""
RUNNING = """
UPDATE sync_runs SET state = 'running', started_at = now() - interval '10 seconds' WHERE state = 'queued'
"""
LIST = """
INSERT INTO sync_resources (project, run, name, place, state, rows, pages, reached)
VALUES ('acme', $1, $2, $3, $4, 0, $5, $6)
"""
FIRST = """
INSERT INTO sync_runs (project, id, connection, mode, state) VALUES ('acme', 'syn_1', 'con_1', 'initial', 'failed')
"""
OVER = "UPDATE sync_runs SET state = 'succeeded', finished_at = now()"


@pytest.fixture
async def held(api: Api) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A look into the database of a project with one connection, as ingest has it."""
    connection = await asyncpg.connect(api.database_url)
    await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
    await connection.execute(ADD)
    yield connection
    await connection.close()


async def test_by_hand_once_a_minute(api: Api, held: "asyncpg.Connection[asyncpg.Record]") -> None:
    assert (await api.post(f"{PATH}/sync", {"mode": "recent"})).status == 202
    answer = await api.post(f"{PATH}/sync", {"mode": "full"})
    assert (answer.status, answer.field("code")) == (409, "sync_running")
    await held.execute(OVER)
    answer = await api.post(f"{PATH}/sync", {"mode": "recent"})
    assert is_problem(answer, 429, "sync_too_soon")
    assert 50 <= int(answer.headers["Retry-After"]) <= 60
    await held.execute("UPDATE sync_runs SET requested_at = now() - interval '61 seconds'")
    assert (await api.post(f"{PATH}/sync", {"mode": "recent"})).status == 202


async def test_the_first_sync_of_an_account_does_not_count_as_by_hand(
    api: Api, held: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await held.execute(FIRST)
    assert (await api.post(f"{PATH}/sync", {"mode": "full"})).status == 202


async def test_comparison_on_demand(api: Api, held: "asyncpg.Connection[asyncpg.Record]") -> None:
    assert (await api.post(f"{PATH}/sync", {"mode": "reconcile"})).field("run", "mode") == "reconcile"


async def test_called_off(api: Api, held: "asyncpg.Connection[asyncpg.Record]") -> None:
    run = (await api.post(f"{PATH}/sync", {"mode": "full"})).field("run", "id")
    answer = await api.delete(f"{PATH}/syncs/{run}")
    assert (answer.status, answer.field("run", "state")) == (200, "cancelled")
    assert (await api.delete(f"{PATH}/syncs/{run}")).field("run", "state") == "cancelled"
    await held.execute(OVER)
    answer = await api.delete(f"{PATH}/syncs/{run}")
    assert (answer.status, answer.field("code")) == (409, "sync_over")
    assert is_problem(await api.delete(f"{PATH}/syncs/syn_none"), 404, "not_found")


async def test_time_left_is_told_from_the_pace(api: Api, held: "asyncpg.Connection[asyncpg.Record]") -> None:
    run = (await api.post(f"{PATH}/sync", {"mode": "full"})).field("run", "id")
    assert (await api.get(f"{PATH}/syncs/{run}")).field("run", "eta_seconds") is None
    await held.execute(RUNNING)
    await held.execute(LIST, run, "prices", 0, "succeeded", 1, None)
    await held.execute(LIST, run, "subscriptions", 1, "running", 19, 500)
    answer = await api.get(f"{PATH}/syncs/{run}")
    assert answer.field("run", "eta_seconds") in (9, 10)  # twenty pages took ten seconds, nineteen are left
    assert answer.field("run", "resources")[1] == {
        "name": "subscriptions", "state": "running", "rows": 0, "pages": 19, "last_error": None
    }  # fmt: skip


async def test_schedule_is_set_shown_and_goes_for_the_next_sync(
    api: Api, held: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    shown = (await api.get(f"{PATH}/settings")).content
    assert shown["business_hours"] == {"days": ["mon", "tue", "wed", "thu", "fri"], "opens": 9, "closes": 18}
    assert shown["sync_interval"] == "30m"
    change = {"business_hours": {"days": ["sun", "sat"], "opens": 0, "closes": 24}, "sync_interval": "3h"}
    changed = (await api.patch(f"{PATH}/settings", change)).content
    assert changed["business_hours"] == {"days": ["sat", "sun"], "opens": 0, "closes": 24}
    assert (changed["sync_interval"], changed["version"]) == ("3h", shown["version"])
    assert (await api.get(f"{PATH}/settings")).content == changed
    assert (await api.get(f"{PATH}/status")).field("connections")[0]["next_sync"] is not None
    assert (await api.patch(f"{PATH}/settings", {"sync_interval": "off"})).status == 200
    assert (await api.get(f"{PATH}/status")).field("connections")[0]["next_sync"] is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"business_hours": {"opens": 18, "closes": 9}}, id="closes before it opens"),
        pytest.param({"business_hours": {"opens": 24}}, id="no such hour"),
        pytest.param({"business_hours": {"days": ["monday"]}}, id="no such day"),
        pytest.param({"business_hours": {"from": 9}}, id="no such field"),
        pytest.param({"sync_interval": "5m"}, id="no such interval"),
    ],
)
async def test_impossible_schedule_is_refused(api: Api, change: dict[str, object]) -> None:
    answer = await api.patch(f"{PATH}/settings", change)
    assert (answer.status, answer.field("code")) == (400, "invalid_body")
