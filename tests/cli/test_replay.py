"""`revstream replay`: a span of a topic is sent again once, whatever was replayed before; state topics are refused."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from aiokafka import TopicPartition
from typer.testing import CliRunner

from deploy.migrations import upgrade
from libs.cli.main import revstream as program
from libs.cli.replay_span import REPLAYABLE, Told, Wanted, found, replayed, sent_as
from libs.runtime.audit_log import entries
from libs.runtime.kafka import ensure_topics, new_producer
from libs.runtime.spans import Span, Times
from libs.wire.dead_letters import Origin, Raw
from libs.wire.topics import CONTRACT, DEFAULT_PARTITIONS, STRIPE_EVENTS, Cleanup

AT = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
HELD = {TopicPartition("stripe.events", 3): Span(10, 20)}


def record(offset: int = 12, key: bytes | None = b"acme/cus_1", **headers: bytes) -> Raw:
    return Raw(Origin("stripe.events", 3, offset), AT, key, b"{}", tuple(headers.items()))


@pytest.mark.parametrize(
    ("one", "wanted", "takes"),
    [
        pytest.param(record(), Wanted(STRIPE_EVENTS), True, id="any"),
        pytest.param(record(), Wanted(STRIPE_EVENTS, project="acme"), True, id="its project"),
        pytest.param(record(), Wanted(STRIPE_EVENTS, project="acm"), False, id="another project"),
        pytest.param(record(), Wanted(STRIPE_EVENTS, key="acme/cus_1"), True, id="its key"),
        pytest.param(record(), Wanted(STRIPE_EVENTS, key="acme/cus_11"), False, id="another key"),
        pytest.param(record(key=None), Wanted(STRIPE_EVENTS, project="acme"), False, id="without a key"),
        pytest.param(
            record(replay_of=b"stripe.events:3:11"), Wanted(STRIPE_EVENTS), False, id="a replay of the span's"
        ),
        pytest.param(
            record(replay_of=b"stripe.events:3:9"), Wanted(STRIPE_EVENTS), True, id="a replay of what is gone"
        ),
        pytest.param(record(replay_of=b"stripe.events:2:11"), Wanted(STRIPE_EVENTS), True, id="of another partition"),
        pytest.param(record(replay_of=b"\xff"), Wanted(STRIPE_EVENTS), True, id="a header of somebody else's"),
    ],
)
def test_which_records_are_sent_again(one: Raw, wanted: Wanted, takes: bool) -> None:
    assert wanted.takes(one, HELD) is takes


def test_a_replay_says_of_what_it_is_one_and_a_replay_of_it_too() -> None:
    once = sent_as(record(ce_id=b"evt_1"))
    assert once == [("ce_id", b"evt_1"), ("replay_of", b"stripe.events:3:12")]
    assert sent_as(record(offset=19, **dict(once))) == once


def test_state_is_not_replayed() -> None:
    assert REPLAYABLE.keys() == {topic.name for topic in CONTRACT if topic.cleanup is not Cleanup.COMPACT}


def test_what_was_found_is_counted_by_project() -> None:
    told = Told()
    for each in (record(), record(key=b"other/cus_2"), record()):
        told.note(each)
    assert (dict(told.by_project), told.records, told.first_at, told.last_at) == ({"acme": 2, "other": 1}, 3, AT, AT)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("revenue.clients",), "'revenue.clients' can't be replayed: this takes stripe.events, "),
        (("read-model", "--project", "acme"), "read-model is filled again as a whole"),
        (("stripe.events", "--since", "yesterday"), "--since takes a time such as"),
        ((), "Missing argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_makes_no_sense_is_code_2(arguments: tuple[str, ...], said: str) -> None:
    ended = CliRunner().invoke(program(("replay",)), ["replay", *arguments])
    assert ended.exit_code == 2
    assert said in ended.stderr


def unseen(_told: Told) -> None:
    """Nobody watches."""


async def test_a_span_of_a_real_topic(kafka_bootstrap: str, database: str, project: str) -> None:
    """Sent again once, in order, though it holds replays already; noted in the audit log; a dry run sends nothing."""
    await asyncio.gather(upgrade(database), ensure_topics(kafka_bootstrap, DEFAULT_PARTITIONS, 1))
    key, start = f"{project}/cus_1".encode(), datetime.now(UTC) - timedelta(seconds=1)
    wanted = Wanted(STRIPE_EVENTS, Times(since=start), project)
    async with new_producer(kafka_bootstrap) as producer:
        for number in range(3):
            await producer.send_and_wait(STRIPE_EVENTS.name, b"{%d" % number, key, headers=[("ce_id", b"%d" % number)])
    assert (await found(kafka_bootstrap, wanted, unseen)).records == 3
    connection = await asyncpg.connect(database)
    try:
        first = await replayed(kafka_bootstrap, connection, wanted, unseen)
        again = await replayed(kafka_bootstrap, connection, wanted, unseen)
        await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
        noted = await entries(connection, project)
    finally:
        await connection.close()
    assert (first.records, first.copies, again.records, again.copies) == (3, 0, 3, 3)
    assert [(each.action, each.subject) for each in noted] == [("topic.replayed", "stripe.events")] * 2
    past = Wanted(STRIPE_EVENTS, Times(until=start), project)
    assert (await found(kafka_bootstrap, past, unseen)).records == 0


async def test_the_read_model_is_emptied_by_the_services_own_command(database: str) -> None:
    await upgrade(database)
    asked = CliRunner(env={"DATABASE_URL": database})
    assert '"unchanged"' in asked.invoke(program(("replay",)), ["replay", "read-model", "--dry-run", "--json"]).stdout
    ended = asked.invoke(program(("replay",)), ["replay", "read-model", "--json"])
    assert (ended.exit_code, '"emptied"' in ended.stdout) == (0, True)
