"""Through real Kafka: histories shuffled and repeated, workers killed, partitions moved – and the API says the same.

Each history is told to two projects of one system: first in order, to workers that nobody disturbs; then in any order,
with repeats, while workers die and others join. Every answer about the one equals that about the other.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg
import orjson
import pytest
from aiohttp import ClientSession, ClientTimeout

from deploy.migrations import upgrade
from libs.domain.ledger import MovementKind
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.crypto import generate_key
from libs.runtime.kafka import ensure_topics, new_producer
from libs.wire.codec import encode, record_key
from libs.wire.topics import (
    CLIENT_ACTIVITY,
    CLIENT_DIRECTORY,
    REVENUE_CLIENTS,
    REVENUE_MOVEMENTS,
    STRIPE_EVENTS,
)
from services.api.directory_entry import Entry
from services.api.queries import directory
from tests.chaos.drill.api_answers import LEDGER, Asking, differences
from tests.chaos.drill.fleet import Fleet
from tests.chaos.drill.histories import SAID_AT, History, feed, history, shuffled
from tests.chaos.drill.topics import committed, end_offsets, eventually
from tests.integration.api_rig import RunningApi, running_api
from tests.servers import OwnBrokers

pytestmark = pytest.mark.chaos

PARTITIONS, GROUP = 8, "ledger-drill"
CATCH_UP_SECONDS = 200.0
BIG = Entry("big", domains=("customer.example",))
READ = "SELECT topic, partition, next_offset FROM read_model_offsets WHERE topic = ANY($1::text[])"
# Whoever takes a customer puts it off for five minutes, and tells of it meanwhile.
PENDING = """
SELECT (SELECT count(*) FROM definitions_due WHERE due_at <= now() + interval '5 minutes')
     + (SELECT count(*) FROM ledgers WHERE building IS NOT NULL)
"""
SAID = "UPDATE directory SET updated_at = $2, published_version = version WHERE project = $1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the drill happens."""

    brokers: str
    database: str
    api: RunningApi

    async def caught_up(self) -> bool:
        """Whether both stages and the read model have taken all there is, and nothing is being told anew."""
        for topic in (STRIPE_EVENTS.name, CLIENT_ACTIVITY.name):
            if await committed(self.brokers, GROUP, topic) != await end_offsets(self.brokers, topic):
                return False
        connection = await asyncpg.connect(self.database)
        try:
            await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
            read = [STRIPE_EVENTS.name, REVENUE_CLIENTS.name, REVENUE_MOVEMENTS.name]
            held = {(row[0], row[1]): row[2] for row in await connection.fetch(READ, read)}
            for topic in read:
                ends = await end_offsets(self.brokers, topic)
                if any(held.get((topic, partition)) != end for partition, end in ends.items()):
                    return False
            pending: int = await connection.fetchval(PENDING)
            return not pending
        finally:
            await connection.close()

    async def open(self, session: ClientSession, project: str, policy: Mapping[str, object]) -> Asking:
        """A project that counts by this policy, with a client of its own that some customers belong to."""
        issued = await issue_at(self.database, KeyRequest(project, "drill", [Scope.ADMIN]))
        asking = Asking(session, f"http://127.0.0.1:{self.api.port}", issued.key, project)
        url, headers = f"{asking.url}/api/integrations/stripe/settings", {"Authorization": f"Bearer {issued.key}"}
        async with session.patch(url, json={"policy": policy}, headers=headers) as response:
            assert response.status == 200, await response.text()
        await self._say(project)
        return asking

    async def _say(self, project: str) -> None:
        """As people would have said it in March: the day is part of the ledger, and the same for both projects."""
        connection = await asyncpg.connect(self.database)
        try:
            await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
            async with connection.transaction():
                await directory.store(connection, project, [BIG])
                await connection.execute(SAID, project, SAID_AT)
        finally:
            await connection.close()
        async with new_producer(self.brokers) as producer:
            record = encode(BIG.record(project, 1, SAID_AT))
            await producer.send_and_wait(CLIENT_DIRECTORY.name, record, key=record_key(project, BIG.client))


@asynccontextmanager
async def place(brokers: str, database: str, home: Path) -> AsyncIterator[Place]:
    """An API on a broker of our own and an empty database."""
    await ensure_topics(brokers, PARTITIONS, 1)
    await upgrade(database)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": brokers,
        "DATABASE_URL": database,
        "REVSTREAM_ENCRYPTION_KEYS": generate_key(),
    }
    with (home / "api.log").open("wb") as log:
        async with running_api(environment, log) as api:
            await api.ready_within(30)
            yield Place(brokers, database, api)


async def disturbed(fleet: Fleet, brokers: str, records: Sequence[tuple[bytes, bytes]]) -> None:
    """Feed the records while both workers are killed, one after the other, and others take their partitions."""
    third = len(records) // 3
    feeding = asyncio.create_task(feed(brokers, records[:third]))
    await fleet.end(0, signal.SIGKILL)
    await feeding
    await fleet.start(2)
    await feed(brokers, records[third : 2 * third])
    await fleet.ready(2)
    feeding = asyncio.create_task(feed(brokers, records[2 * third :]))
    await fleet.end(1, signal.SIGKILL)
    await fleet.start(0)
    await feeding


@pytest.mark.timeout(900)
async def test_killed_workers_and_moved_partitions_end_in_the_same_answers(
    own_broker: OwnBrokers, database: str, tmp_path: Path, full: bool
) -> None:
    seeds = range(20, 40 if full else 24)
    playing = asyncio.create_task(asyncio.to_thread(lambda: [history(seed) for seed in seeds]))
    brokers = (await own_broker(group_min_session_timeout_ms="1000")).bootstrap
    histories = await playing
    async with place(brokers, database, tmp_path) as drill, ClientSession(timeout=ClientTimeout(total=60)) as session:
        fleet = Fleet("tests.chaos.drill.mrr_worker", (GROUP, brokers), tmp_path)
        pairs = [await opened(drill, session, each) for each in histories]
        try:
            for number in (0, 1):
                await fleet.start(number)
            for number in (0, 1):
                await fleet.ready(number)
            await feed(brokers, [record for each in histories for record in each.of(each.ordered)])
            await eventually(drill.caught_up, CATCH_UP_SECONDS)
            undisturbed = await answers([one for one, _ in pairs], full)
            await disturbed(fleet, brokers, shuffled(histories, Random(11)))
            await eventually(drill.caught_up, CATCH_UP_SECONDS)
            told = await answers([other for _, other in pairs], full)
        finally:
            fleet.kill()
    for each, one, other in zip(histories, undisturbed, told, strict=True):
        assert differences(one, other) == [], each.seed
    assert {kind for one in told for kind in kinds_in(one)} == set(MovementKind)


async def answers(asked: Sequence[Asking], full: bool) -> list[Mapping[str, bytes]]:
    """All that is said of each project; of one client in eight each part, with `full` of all."""
    several = asyncio.Semaphore(3)

    async def of(one: Asking) -> Mapping[str, bytes]:
        async with several:
            return await one.everything(1 if full else 8)

    return await asyncio.gather(*map(of, asked))


def kinds_in(told: Mapping[str, bytes]) -> set[str]:
    """The kinds of movements that a project's ledger has."""
    return {one["kind"] for page in orjson.loads(told[LEDGER]) for one in page["data"]}


async def opened(drill: Place, session: ClientSession, told: History) -> tuple[Asking, Asking]:
    """Both projects of a history."""
    one = await drill.open(session, told.ordered, told.policy)
    return one, await drill.open(session, told.shuffled, told.policy)
