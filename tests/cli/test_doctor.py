"""`revstream doctor` finds what is wrong, says what to do, and ends with the right code."""

import json
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.migrations import upgrade
from libs.cli.findings import State
from libs.cli.kafka_checks import DESCRIBED, dead_letters, topics_finding
from libs.runtime.kafka import ensure_topics, new_producer
from tests.cli.scripted_api import KEY, Answers, Ended, revstream, scripted_api
from tests.servers import OwnBrokers

STATUS = "GET /api/integrations/stripe/status"
ADD_CONNECTION = """
INSERT INTO connections (project, id, account, livemode, state, error)
VALUES ('acme', 'con_1', 'acct_1', true, $1, $2)
"""


def checks(ended: Ended) -> dict[str, dict[str, Any]]:
    (answer,) = ended.json
    assert answer["ok"] is (ended.code == 0)
    return {each["check"]: each for each in answer["checks"]}


def states(ended: Ended) -> dict[str, str]:
    return {name: each["state"] for name, each in checks(ended).items()}


def connection(state: str = "active", webhook: str = "healthy", error: object = None) -> dict[str, object]:
    return {"account": "acct_1", "state": state, "error": error, "webhook": {"state": webhook, "events_24h": 3}}


async def test_nothing_runs_is_code_3_and_tells_how_to_start(tmp_path: Path) -> None:
    ended = await revstream("doctor", "--json", REVSTREAM_HOME=str(tmp_path / "new"))
    assert ended.code == 3
    found = checks(ended)
    assert {name for name, each in found.items() if each["state"] == "problem"} == {"system"}
    assert "revstream up" in found["system"]["hint"]
    assert found["python"]["state"] == found["disk"]["state"] == "ok"
    people = await revstream("doctor", REVSTREAM_HOME=str(tmp_path / "new"))
    assert people.code == 3
    assert "revstream up" in people.output


async def test_servers_that_do_not_answer_are_problems(tmp_path: Path) -> None:
    ended = await revstream(
        *("doctor", "--json"),
        REVSTREAM_HOME=str(tmp_path),
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
        DATABASE_URL="postgresql://x@127.0.0.1:1/x",
    )
    assert ended.code == 1
    found = states(ended)
    assert (found["kafka"], found["postgres"]) == ("problem", "problem")
    assert (found["topics"], found["schema"], found["stripe"]) == ("skipped", "skipped", "skipped")
    assert "Traceback" not in ended.errors


async def test_old_schema_is_a_problem_and_the_newest_is_not(tmp_path: Path, database: str) -> None:
    place = {"REVSTREAM_HOME": str(tmp_path), "DATABASE_URL": database}
    before = await revstream("doctor", "--json", **place)
    assert (before.code, states(before)["postgres"], states(before)["schema"]) == (1, "ok", "problem")
    await upgrade(database)
    after = await revstream("doctor", "--json", **place)
    assert (after.code, states(after)["schema"], states(after)["stripe"]) == (0, "ok", "ok")


async def test_without_a_key_connections_are_read_from_the_database(tmp_path: Path, database: str) -> None:
    await upgrade(database)
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
    await connection.execute("INSERT INTO projects (id, name) VALUES ('acme', 'acme')")
    await connection.execute(ADD_CONNECTION, "error", '{"message": "Key refused.", "hint": "Connect again."}')
    await connection.close()
    ended = await revstream("doctor", "--json", REVSTREAM_HOME=str(tmp_path), DATABASE_URL=database)
    assert ended.code == 1
    stripe = checks(ended)["stripe"]
    assert (stripe["state"], stripe["told"], stripe["hint"]) == (
        "problem",
        "acme: acct_1: Key refused.",
        "Connect again.",
    )


@pytest.mark.parametrize(
    ("connections", "stripe", "webhooks"),
    [
        pytest.param([], "ok", None, id="none yet"),
        pytest.param([connection()], "ok", "ok", id="all well"),
        pytest.param([connection("disconnected", "unset")], "ok", None, id="disconnected"),
        pytest.param([connection(webhook="unset")], "ok", "problem", id="no secret"),
        pytest.param([connection(webhook="failing")], "ok", "problem", id="wrong secret"),
        pytest.param([connection(webhook="silent")], "ok", "ok", id="a quiet account"),
        pytest.param([connection(error={"message": "no", "hint": "do"})], "problem", "ok", id="a partial sync"),
        pytest.param([connection("revoked")], "problem", "ok", id="revoked"),
    ],
)
async def test_with_a_key_the_project_is_asked(
    tmp_path: Path, connections: list[object], stripe: str, webhooks: str | None
) -> None:
    async with scripted_api(**{STATUS: [(200, {"connections": connections})]}) as api:
        ended = await api.revstream("doctor", "--json", REVSTREAM_HOME=str(tmp_path))
    found = states(ended)
    assert (found["stripe"], found.get("webhooks")) == (stripe, webhooks)
    assert ended.code == (1 if "problem" in (stripe, webhooks) else 0)


async def test_each_service_of_the_running_system_is_asked(tmp_path: Path) -> None:
    answers: Answers = {STATUS: [(200, {"connections": []})], "GET /readyz": [(200, {})]}
    async with scripted_api(**answers) as api:
        port = int(api.url.rpartition(":")[2])
        note = {"api": api.url, "ingest": "", "kafka_bootstrap": "127.0.0.1:1", "database_url": "x", "pid": os.getpid()}
        (tmp_path / "running.json").write_text(json.dumps({**note, "health_ports": {"api": port, "mrr": 1}}))
        ended = await revstream("doctor", "--json", "--api-key", KEY, REVSTREAM_HOME=str(tmp_path))
    found = checks(ended)
    assert (found["system"]["state"], found["api"]["state"], found["mrr"]["state"]) == ("ok", "ok", "problem")
    assert "mrr.log" in found["mrr"]["hint"]


@pytest.mark.parametrize(
    ("counts", "wanted", "state"),
    [
        pytest.param(dict.fromkeys(DESCRIBED, 4), None, State.OK, id="all the same"),
        pytest.param(dict.fromkeys(DESCRIBED, 4), 8, State.PROBLEM, id="another count than set"),
        pytest.param(dict.fromkeys(DESCRIBED, 4) | {"stripe.events": 8}, None, State.PROBLEM, id="one has more"),
        pytest.param(dict.fromkeys(DESCRIBED - {"stripe.events"}, 4), 4, State.PROBLEM, id="one is missing"),
        pytest.param({}, 4, State.PROBLEM, id="none"),
    ],
)
def test_topics_must_exist_with_one_count(counts: dict[str, int], wanted: int | None, state: State) -> None:
    assert topics_finding(counts, wanted).state is state


def test_dead_letters_are_told_by_topic() -> None:
    assert [each.state for each in dead_letters({"a": 0, "b": 0})] == [State.OK]
    assert [each.told for each in dead_letters({"a": 2, "b": 0})] == ["2 in a"]


async def test_topics_and_dead_letters_of_a_real_broker(tmp_path: Path, own_broker: OwnBrokers) -> None:
    bootstrap = (await own_broker()).bootstrap
    await ensure_topics(bootstrap, 2, 1)
    producer = new_producer(bootstrap)
    await producer.start()
    await producer.send_and_wait("stripe.events.dead-letters", b"unreadable", b"key")
    await producer.stop()
    place = {"REVSTREAM_HOME": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": bootstrap}
    ended = await revstream("doctor", "--json", **place)
    found = checks(ended)
    assert (found["kafka"]["state"], found["topics"]["state"]) == ("ok", "ok")
    assert "in stripe.events.dead-letters" in found["dead letters"]["told"]
    other = await revstream("doctor", "--json", **place, TOPIC_PARTITIONS="3")
    assert states(other)["topics"] == "problem"
