"""The live stream tells each change once, in order, to whoever may know, however often the line breaks."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from deploy.ports import free_port
from libs.runtime.health import Readiness
from libs.wire.records import SignalRecord
from services.api.database import Database
from services.api.edge import LIMITS, Address, site
from services.api.read_model.leadership import SESSION
from services.api.read_model.projection import Delivered
from services.api.read_model.rebuilding import rebuild
from services.api.site import application
from services.api.stream import log
from services.api.stream.waking import hear
from tests.api.builders import NOW, signal_delivery, signal_record
from tests.api.calling import Api, is_problem
from tests.api.streaming import STREAM, Listening, listening


@pytest.fixture
async def heard(api: Api) -> AsyncIterator[None]:
    """PostgreSQL's notifications reach the API's feed."""
    stop = asyncio.Event()
    task = asyncio.create_task(hear(api.database_url, api.parts.feed.wake, stop))
    yield
    stop.set()
    await task


def change(number: int, **fields: str) -> Delivered:
    """The opening of the signal with this number."""
    return signal_delivery(signal_record(f"sig_{number}", minutes=number, **fields))  # type: ignore[arg-type]  # its words


async def test_each_change_is_told_as_it_happens(api: Api, heard: None) -> None:
    async with listening(api) as stream:
        await api.holds(signal_delivery(signal_record()), signal_delivery(signal_record(status="resolved", minutes=5)))
        opened, resolved = await stream.events(2)
    assert (opened.id, opened.kind, opened.data["status"]) == (1, "signal", "open")
    assert (resolved.id, resolved.data["status"]) == (2, "resolved")
    assert opened.data["mrr_at_risk"] == {"amount": "10.00", "currency": "usd"}


async def test_a_listener_hears_of_another_process_s_changes_without_notifications(api: Api) -> None:
    async with listening(api) as stream:
        await api.holds(change(1))
        assert (await stream.event()).signal == "sig_1"


async def test_other_processes_are_notified_of_the_project_whose_log_has_grown(api: Api) -> None:
    told: asyncio.Queue[object] = asyncio.Queue()
    connection = await asyncpg.connect(api.database_url)
    try:
        await connection.add_listener(log.CHANNEL, lambda *said: told.put_nowait(said[-1]))
        await api.holds(change(1))
        async with asyncio.timeout(5):
            assert await told.get() == f"{signal_record().project} 1"
    finally:
        await connection.close()


async def test_resuming_loses_and_repeats_nothing(api: Api, heard: None) -> None:
    seen: list[int | None] = []
    since = 0
    writing = asyncio.create_task(hold_one_by_one(api, 60))
    while len(seen) < 60:
        async with listening(api, since=since) as stream:
            for event in await stream.events(min(random.randint(1, 9), 60 - len(seen))):
                seen.append(event.id)
                since = event.id or 0
    await writing
    assert seen == list(range(1, 61))


async def hold_one_by_one(api: Api, count: int) -> None:
    for number in range(count):
        await api.holds(change(number))


async def test_what_was_missed_comes_in_pages(api: Api) -> None:
    await api.holds(*(change(number) for number in range(1203)))
    async with listening(api, since=1) as stream:
        assert [event.id for event in await stream.events(1202)] == list(range(2, 1204))


async def test_a_new_listener_is_told_where_it_stands(api: Api) -> None:
    await api.holds(change(1), change(2))
    async with listening(api) as stream:
        assert (await stream.block()).id == 2


async def test_filters_leave_out_and_heartbeats_move_on(api: Api, heard: None) -> None:
    async with listening(api, "?client=other&heartbeat=1") as stream:
        await stream.block()
        await api.holds(change(1), change(2, client="other"), change(3))
        assert (await stream.event()).signal == "sig_2"
        assert (await stream.block()).id == 3


async def test_another_project_s_changes_are_not_told(api: Api, heard: None, other_project: str) -> None:
    other = await api.as_project(other_project)
    async with listening(other, since=0) as stream:
        await api.holds(change(1), change(2, project=other_project))
        event = await stream.event()
        assert (event.id, event.signal) == (1, "sig_2")


async def test_a_position_that_is_no_longer_kept_is_told(api: Api, opened: Database) -> None:
    await api.holds(change(1), change(2))
    async with opened.every_project() as connection:
        await log.purge(connection, NOW + timedelta(days=10_000), timedelta())
    async with listening(api, since=1) as stream:
        event = await stream.event()
        assert (event.id, event.kind) == (2, "reset")


@pytest.mark.parametrize("since", ["abc", "-1", "1.5", "9" * 40])
async def test_an_id_that_is_none_is_refused(api: Api, since: str) -> None:
    assert is_problem(await api.get(f"{STREAM}?last_event_id={since}"), 400, "invalid_query")


async def test_without_a_key_nothing_is_told(api: Api) -> None:
    assert is_problem(await api.with_key(None).get(STREAM), 401, "unauthorized")


async def test_a_stopping_server_ends_the_stream_resumably(api: Api) -> None:
    async with site(application(api.parts, Readiness()), Address("127.0.0.1", free_port())) as port:
        stream = Listening(
            await api.session.get(f"http://127.0.0.1:{port}{STREAM}", headers={"Authorization": f"Bearer {api.key}"})
        )
        await stream.block()
    event = await stream.event()
    assert (event.kind, event.data["reason"]) == ("end", "server_stopping")
    with pytest.raises(EOFError):
        await stream.event()


async def test_a_revoked_key_ends_the_stream(api: Api) -> None:
    made = await api.post("/api/keys", {"label": "on call", "scopes": ["read"]})
    async with listening(api.with_key(made.field("key")), "?heartbeat=1") as stream:
        await api.delete(f"/api/keys/{made.field('id')}")
        assert (await stream.event()).data["reason"] == "key_revoked"


async def test_a_rebuilt_read_model_tells_nothing_again(
    applier: "asyncpg.Connection[asyncpg.Record]", opened: Database, api: Api
) -> None:
    told = [change(1), signal_delivery(signal_record("sig_1", status="resolved", minutes=9)), change(2)]
    await api.holds(*told)
    await rebuild(opened)
    await api.holds(*told)
    await api.holds(*(signal_delivery(decoded(each)) for each in told))  # a topic that was written anew
    assert await applier.fetchval("SELECT count(*) FROM signals") == 2
    assert await applier.fetchval("SELECT array_agg(seq ORDER BY seq) FROM stream_log") == [1, 2, 3]


def decoded(delivered: Delivered) -> SignalRecord:
    from libs.wire.codec import decode

    return decode(delivered.value or b"", SignalRecord)


async def test_batches_of_two_writers_leave_one_sequence(api: Api, migrated: str) -> None:
    await asyncio.gather(*(hold_some(api, start) for start in range(0, 80, 20)))
    connection = await asyncpg.connect(migrated, server_settings=SESSION)
    seqs = await connection.fetchval("SELECT array_agg(seq ORDER BY seq) FROM stream_log")
    await connection.close()
    assert seqs == list(range(1, 81))


async def hold_some(api: Api, start: int) -> None:
    for number in range(start, start + 20):
        await api.holds(change(number))


async def test_a_thousand_listeners_hear_each_change_in_time(api: Api, heard: None) -> None:
    limits = replace(LIMITS, connections_per_address=1100)  # they all come from this machine
    async with contextlib.AsyncExitStack() as stack:
        served = site(application(api.parts, Readiness()), Address("127.0.0.1", free_port()), limits)
        port = await stack.enter_async_context(served)
        few = asyncio.Semaphore(50)  # how many may begin in one second is not what is asked here
        lines = await asyncio.gather(*(opened_line(api, port, stack, few) for _ in range(1000)))
        await asyncio.gather(*(line.readuntil(b"\n\n") for line in lines))
        started = asyncio.get_running_loop().time()
        for number in range(5):
            await api.holds(change(number))
        async with asyncio.timeout(20):
            heard_last = await asyncio.gather(*(line.readuntil(b'"sig_4"') for line in lines))
        assert asyncio.get_running_loop().time() - started < 10
    assert {told.count(b"event: signal") for told in heard_last} == {5}


def gone(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def opened_line(
    api: Api, port: int, stack: contextlib.AsyncExitStack, few: asyncio.Semaphore
) -> asyncio.StreamReader:
    async with few:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(gone, writer)
        writer.write(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.key}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
    return reader
