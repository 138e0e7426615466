"""The API is killed under an open live stream, again and again; once resumed, nothing is lost and nothing repeated."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson
import pytest

from deploy.migrations import upgrade
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.kafka import ensure_topics, new_producer
from libs.wire.codec import encode, record_key
from libs.wire.records import SignalRecord
from libs.wire.topics import CHURN_SIGNALS, DEFAULT_PARTITIONS
from tests.api.builders import signal_record
from tests.chaos.api_process import ApiProcess
from tests.counts import examples

CLIENTS, STATUSES = 10, ("open", "acknowledged", "resolved")
# So many changes at most are told and not heard yet: the kills must fall among them.
AHEAD = 20
HEARD_SECONDS = 90.0


@dataclass
class Listener:
    """Follows the stream as a browser does: after each break it goes on behind the last event that it got."""

    url: str
    key: str
    heard: list[tuple[int, str, str]] = field(default_factory=list)
    connections: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=2.0)) as session:
            while True:
                try:
                    await self._connected(session)
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)

    async def until(self, count: int, connections: int = 0) -> None:
        """Return when so many events were heard, and so many connections made."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.heard) >= count and self.connections >= connections)

    async def _connected(self, session: aiohttp.ClientSession) -> None:
        position = self.heard[-1][0] if self.heard else 0
        headers = {"Authorization": f"Bearer {self.key}", "Last-Event-ID": str(position)}
        async with session.get(f"{self.url}/api/alerts/stream", headers=headers) as response:
            if response.status == 503:  # PostgreSQL's schema or the process is not there yet
                return
            response.raise_for_status()
            async with self._news:
                self.connections += 1
                self._news.notify_all()
            async for number, data in _events(response):
                self.heard.append((number, data["id"], data["status"]))
                async with self._news:
                    self._news.notify_all()


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, dict[str, str]]]:
    number, kind = 0, ""
    async for line in response.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        match name:
            case "id":
                number = int(value)
            case "event":
                kind = value
            case "data" if kind == "signal":
                yield number, orjson.loads(value)
            case "":
                kind = ""


@pytest.mark.chaos
async def test_a_stream_of_a_killed_process_goes_on_where_it_broke(
    kafka_bootstrap: str, database: str, tmp_path: Path, project: str
) -> None:
    kills, rounds = examples(2, 20), examples(3, 60)
    await asyncio.gather(upgrade(database), ensure_topics(kafka_bootstrap, DEFAULT_PARTITIONS, 1))
    key = await issue_at(database, KeyRequest(project, "listens", [Scope.READ]))
    api = ApiProcess(kafka_bootstrap, database, tmp_path)
    told = list(changes(project, rounds))
    listener, total = Listener(api.url, key.key), len(told)
    await api.start()
    tasks = [
        asyncio.create_task(listener.listen()),
        asyncio.create_task(publish(kafka_bootstrap, listener, told, kills)),
    ]
    try:
        async with asyncio.timeout(HEARD_SECONDS + 10 * kills):
            for turn in range(kills):
                await listener.until(total * (turn + 1) // (kills + 2), connections=turn + 1)
                await asyncio.sleep(random.uniform(0, 0.2))  # the instant of the kill is the point
                await api.kill()
                await api.start()
            await listener.until(total)
            await tasks[1]
    except TimeoutError:
        raise AssertionError(f"heard {len(listener.heard)} of {total}; {api.told()}") from None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await api.kill()
    assert [number for number, _, _ in listener.heard] == list(range(1, total + 1))
    assert by_signal(listener.heard) == {one.id: STATUSES for one in told}
    assert listener.connections > kills


def changes(project: str, rounds: int) -> Iterator[SignalRecord]:
    """Signals of several clients, each from its opening to its end."""
    for turn in range(rounds):
        for minutes, status in enumerate(STATUSES):
            for number in range(CLIENTS):
                yield signal_record(
                    f"sig_{number}_{turn}", project=project, client=f"client {number}", status=status, minutes=minutes
                )


async def publish(bootstrap: str, listener: Listener, told: Sequence[SignalRecord], kills: int) -> None:
    """As the alerts service would, but never far ahead of who listens, and each part after the kill before it."""
    producer = new_producer(bootstrap)
    await producer.start()
    try:
        for number, one in enumerate(told):
            await listener.until(number - AHEAD, connections=number * (kills + 2) // len(told))
            await producer.send_and_wait(CHURN_SIGNALS.name, encode(one), record_key(one.project, one.client))
    finally:
        await producer.stop()


def by_signal(heard: list[tuple[int, str, str]]) -> dict[str, tuple[str, ...]]:
    """What was told of each signal, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for _, name, status in heard:
        found[name] = (*found.get(name, ()), status)
    return found
