"""`revstream dlq`: what could not be read is listed, shown, sent again or dropped, each once, and noted."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from deploy.migrations import upgrade
from libs.cli.dlq import app
from libs.cli.dlq_checks import open_letters
from libs.cli.dlq_letters import held, letters_of
from libs.cli.dlq_marks import NO_PROJECT, Mark, Settlement, marks, project_of, settle
from libs.cli.dlq_settling import Servers, Wish, settled
from libs.cli.plain_text import of_bytes, printable
from libs.runtime.audit_log import Action, chain_faults
from libs.runtime.kafka import ensure_topics, new_producer
from libs.runtime.spans import partition_counts, raw, reader, records, spans
from libs.wire.dead_letters import Letter, Origin, dead_letter_headers
from libs.wire.topics import DEFAULT_PARTITIONS, REVENUE_CLIENTS, STRIPE_EVENTS, Topic
from tests.cli.scripted_api import revstream

AT = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
ORIGIN = Origin("stripe.events", 3, 17)


def letter(
    origin: Origin = ORIGIN, at: datetime = AT, consumer: str = "mrr", attempts: int = 1, value: bytes = b"{"
) -> Letter:
    lies = Origin(f"{origin.topic}.dead-letters", origin.partition, 5)
    return Letter(origin, lies, at, "no JSON", consumer, attempts, b"acme/cus_1", value, (("ce_id", b"evt_1"),))


def test_letters_about_one_record_are_one_and_the_oldest_comes_first() -> None:
    later = AT + timedelta(hours=1)
    other = Origin("revenue.clients", 0, 2)
    found = held([letter(at=later, consumer="api"), letter(), letter(other, at=later)], {})
    assert [(one.name, one.copies, one.consumers, one.since) for one in found] == [
        ("stripe.events:3:17", 2, ("api", "mrr"), AT),
        ("revenue.clients:0:2", 1, ("mrr",), later),
    ]


def test_a_mark_is_about_the_content_too() -> None:
    """A topic made anew has the same offsets again."""
    done = {("stripe.events:3:17", letter().content): Mark("dropped", AT, "a test's")}
    assert [one.state for one in held([letter(), letter(value=b"other")], done)] == ["dropped", "open"]


def test_what_programs_read_of_a_letter() -> None:
    told = held([letter()], {})[0].fields(AT + timedelta(minutes=2))
    assert json.loads(json.dumps(told)) == {
        "letter": "stripe.events:3:17",
        "state": "open",
        "topic": "stripe.events",
        "partition": 3,
        "offset": 17,
        "key": "acme/cus_1",
        "reason": "no JSON",
        "consumers": ["mrr"],
        "attempts": 1,
        "copies": 1,
        "since": "2026-11-01T10:00:00Z",
        "age_seconds": 120,
        "settled": None,
        "command": "revstream dlq retry stripe.events:3:17",
    }


@pytest.mark.parametrize(
    ("key", "project"),
    [(b"acme/cus_1", "acme"), (b"acme", "acme"), (None, NO_PROJECT), (b"\xff/x", NO_PROJECT), (b"/x", NO_PROJECT)],
)
def test_the_audit_log_names_the_project_of_the_key(key: bytes | None, project: str) -> None:
    assert project_of(key) == project


def test_a_record_cant_write_on_the_terminal_as_it_likes() -> None:
    assert printable("a\x1b[31mb\nc") == r"a\x1b[31mb\nc"
    assert of_bytes(b"\xff\x07" + b"x" * 9, 4) == r"\xff\x07xx … (11 bytes in all; --json prints them)"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("retry",), "name letters, or give --all"),
        (("retry", "stripe.events:3:17", "--all"), "name letters, or give --all"),
        (("retry", "stripe.events"), "they go by topic:partition:offset"),
        (("retry", "--all", "--topic", "rumours"), "--topic takes stripe.events, "),
        (("retry", "stripe.events:3:17", "--topic", "stripe.events"), "--topic goes with --all"),
        (("drop", "stripe.events:3:17"), "--reason"),
        (("drop", "stripe.events:3:17", "--reason", " "), "--reason is empty"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_makes_no_sense_is_code_2(arguments: tuple[str, ...], told: str) -> None:
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 2
    assert told in ended.stderr


async def test_nobody_there_is_code_3(tmp_path: Path) -> None:
    place = {"REVSTREAM_HOME": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    away = await revstream("dlq", "list", **place)
    assert (away.code, "which of them were retried or dropped is not known" in away.errors) == (3, True)
    assert "Kafka does not answer at 127.0.0.1:1" in away.errors
    assert "Traceback" not in away.errors


async def test_what_is_settled_once_is_not_settled_again(database: str) -> None:
    await upgrade(database)
    sent: list[str] = []

    async def send() -> None:
        sent.append("once")

    connection = await asyncpg.connect(database)
    try:
        assert await settle(connection, letter(), Settlement(Action.REPLAYED, send)) is None
        again = await settle(connection, letter(), Settlement(Action.DROPPED, send, "over"))
        assert (again is not None and again.state, sent) == ("retried", ["once"])
        async with connection.transaction():
            assert list(await marks(connection)) == [("stripe.events:3:17", letter().content)]
            assert await chain_faults(connection) == []
    finally:
        await connection.close()


async def test_a_send_that_fails_leaves_the_letter_open(database: str) -> None:
    await upgrade(database)

    async def fail() -> None:
        raise ConnectionError("no broker")

    connection = await asyncpg.connect(database)
    try:
        with pytest.raises(ConnectionError):
            await settle(connection, letter(), Settlement(Action.REPLAYED, fail))
        async with connection.transaction():
            assert await marks(connection) == {}
    finally:
        await connection.close()


async def on_topic(bootstrap: str, origin: Origin, key: bytes) -> list[tuple[bytes | None, dict[str, bytes]]]:
    """Values and headers of the records of a key that came after `origin` on its topic."""
    async with reader(bootstrap) as consumer:
        wanted = await spans(consumer, await partition_counts(bootstrap, [origin.topic]))
        found = [raw(record) async for record in records(consumer, wanted)]
    return [(one.value, dict(one.headers)) for one in found if one.key == key and one.place.offset > origin.offset]


async def unreadable(bootstrap: str, topic: Topic, key: bytes, later: bytes | None = None) -> Origin:
    """A record that can't be read, with its letter as a service writes it; `later` comes after it."""
    async with new_producer(bootstrap) as producer:
        lies = await producer.send_and_wait(topic.name, b"{", key)
        origin = Origin(topic.name, lies.partition, lies.offset)
        headers = dead_letter_headers("no JSON", origin, "mrr", [("ce_id", b"evt_1")])
        await producer.send_and_wait(topic.dead_letters, b"{", key, headers=headers)
        if later is not None:
            await producer.send_and_wait(topic.name, later, key)
    return origin


async def test_letters_on_a_real_broker(kafka_bootstrap: str, database: str, project: str) -> None:
    """Retried once with key and headers, dropped with a reason; a compacted topic takes no old news."""
    await asyncio.gather(upgrade(database), ensure_topics(kafka_bootstrap, DEFAULT_PARTITIONS, 1))
    key, servers = f"{project}/cus_1".encode(), Servers(kafka_bootstrap, database)
    first, second = [await unreadable(kafka_bootstrap, STRIPE_EVENTS, key) for _ in range(2)]
    old = await unreadable(kafka_bootstrap, REVENUE_CLIENTS, key, later=b"{}")

    async def outcome(wish: Wish) -> str:
        (one,) = [one async for one in settled(servers, wish)]
        return one.outcome

    listed = [one for one in held(await letters_of(kafka_bootstrap), {}) if one.letter.key == key]
    assert [(one.name, one.letter.reason) for one in listed] == [
        (str(name), "no JSON") for name in (first, second, old)
    ]
    assert await outcome(Wish((first,), dry=True)) == "would_retry"
    assert await outcome(Wish((first,))) == "retried"
    assert await outcome(Wish((first,))) == "already_retried"
    assert await on_topic(kafka_bootstrap, second, key) == [(b"{", {"ce_id": b"evt_1", "dl_attempts": b"1"})]
    assert await outcome(Wish((second,), reason="a test's")) == "dropped"
    assert await outcome(Wish((old,))) == "superseded"
    place = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "DATABASE_URL": database}
    ended = await revstream("dlq", "list", "--all", "--json", "--limit", "10000", **place)
    told = {each["letter"]: each for each in ended.json[0]["letters"] if each["key"] == key.decode()}
    assert [told[str(name)]["state"] for name in (first, second, old)] == ["retried", "dropped", "open"]
    assert told[str(second)]["settled"]["reason"] == "a test's"
    left = await open_letters(kafka_bootstrap, database, {STRIPE_EVENTS.dead_letters: 2})
    every = await open_letters(kafka_bootstrap, None, {STRIPE_EVENTS.dead_letters: 2})
    assert every[STRIPE_EVENTS.dead_letters] - left.get(STRIPE_EVENTS.dead_letters, 0) == 2
