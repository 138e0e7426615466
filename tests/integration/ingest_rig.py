"""Ingest as it really runs, beside real Kafka and PostgreSQL, and ways to send it webhooks and to read its topic."""

import asyncio
import itertools
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import asyncpg
from aiohttp import ClientError, ClientSession
from aiokafka.structs import TopicPartition

from deploy import migrations
from deploy.ports import free_port
from libs.runtime.crypto import Keyring, webhook_secret_place
from libs.runtime.kafka import new_consumer
from libs.wire.codec import decode
from libs.wire.records import StripeRecord
from libs.wire.topics import STRIPE_EVENTS
from tests.ingest.fakes import SECRET, body_of, event, signature, subscription

ROOT = Path(__file__).parents[2]


@dataclass
class Sent:
    """What became of webhooks: ids by status, and the slowest answer in seconds."""

    by_status: dict[int, list[str]] = field(default_factory=dict)
    retry_after: set[str | None] = field(default_factory=set)
    slowest: float = 0.0

    @property
    def acknowledged(self) -> set[str]:
        return set(self.by_status.get(200, ()))

    def note(self, event_id: str, status: int, seconds: float) -> None:
        self.by_status.setdefault(status, []).append(event_id)
        self.slowest = max(self.slowest, seconds)


@dataclass
class Ingest:
    """A running ingest process."""

    process: asyncio.subprocess.Process
    port: int
    health_port: int
    project: str

    async def status_of(self, session: ClientSession, body: bytes, secret: bytes = SECRET) -> int:
        """The status of one webhook, signed now."""
        headers = {"Stripe-Signature": signature(body, secret, int(time.time()))}
        async with session.post(self.url, data=body, headers=headers) as response:
            return response.status

    async def post(self, session: ClientSession, event_id: str, sent: Sent) -> int:
        """Send one webhook and note its answer; 0 where the connection ended without one."""
        changes = subscription(id=f"sub_{event_id}", customer=f"cus_{hash(event_id) % 50}")
        body = body_of(event(id=event_id, data={"object": changes}))
        headers = {"Stripe-Signature": signature(body, at=int(time.time()))}
        began = time.monotonic()
        try:
            async with session.post(self.url, data=body, headers=headers) as response:
                await response.read()
                status = response.status
                if status == 503:
                    sent.retry_after.add(response.headers.get("Retry-After"))
        except ClientError:
            status = 0
        sent.note(event_id, status, time.monotonic() - began)
        return status

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/stripe/{self.project}"

    async def alive_within(self, seconds: float) -> None:
        """Return once `/healthz` answers."""
        await self._says("healthz", True, seconds)

    async def ready_within(self, seconds: float, expected: bool = True) -> None:
        """Return once `/readyz` says so, or says that it isn't."""
        await self._says("readyz", expected, seconds)

    async def check_says(self, name: str, state: str, within: float) -> None:
        """Return once one of readiness' checks is in this state."""
        async with ClientSession() as session, asyncio.timeout(within):
            while await self._check(session, name) != state:
                assert self.process.returncode is None, "ingest has ended"
                await asyncio.sleep(0.1)

    async def _check(self, session: ClientSession, name: str) -> str | None:
        async with session.get(f"http://127.0.0.1:{self.health_port}/readyz") as response:
            report: dict[str, dict[str, str]] = await response.json()
            return report["checks"].get(name)

    async def _says(self, path: str, expected: bool, seconds: float) -> None:
        async with ClientSession() as session, asyncio.timeout(seconds):
            while await self._holds(session, path) is not expected:
                assert self.process.returncode is None, "ingest has ended"
                await asyncio.sleep(0.05)

    async def _holds(self, session: ClientSession, path: str) -> bool:
        try:
            async with session.get(f"http://127.0.0.1:{self.health_port}/{path}") as response:
                return response.status == 200
        except ClientError:
            return False

    async def stop(self, deadline: float = 30) -> int:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), deadline)


@asynccontextmanager
async def load(ingest: Ingest, senders: int, pause: float = 0.0) -> AsyncIterator[Sent]:
    """Senders that post one webhook after another while the block runs; a refused one is not sent again."""
    sent = Sent()

    async def send(sender: int) -> None:
        async with ClientSession() as session:
            for number in itertools.count():
                await ingest.post(session, f"evt_{sender}_{number}", sent)
                await asyncio.sleep(pause)

    tasks = [asyncio.create_task(send(sender)) for sender in range(senders)]
    try:
        yield sent
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@asynccontextmanager
async def running_ingest(
    environment: Mapping[str, str], project: str, log: IO[bytes] | None = None
) -> AsyncIterator[Ingest]:
    """`python -m services.ingest` while the block runs; what it says goes to `log`, else to the terminal."""
    port, health_port = free_port(), free_port()
    ports = {"INGEST_PORT": str(port), "INGEST_HEALTH_PORT": str(health_port)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.ingest"),
        cwd=ROOT,
        env={**os.environ, **ports, **environment},
        stdout=log,
        stderr=log,
    )
    try:
        yield Ingest(process, port, health_port, project)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def with_project(database_url: str, keys: str, project: str) -> None:
    """A migrated database that holds the project with its signing secret."""
    await migrations.upgrade(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
        await connection.execute("INSERT INTO projects (id, name) VALUES ($1, $1)", project)
        await add_secret(connection, keys, project)
    finally:
        await connection.close()


async def add_secret(
    connection: "asyncpg.Connection[asyncpg.Record]", keys: str, project: str, secret: bytes = SECRET
) -> None:
    """One more signing secret of the project."""
    row = f"whs_{os.urandom(4).hex()}"
    sealed = Keyring.parse(keys).encrypt(secret, webhook_secret_place(project, row))
    await connection.execute(
        "INSERT INTO webhook_secrets (project, id, secret, key_id, hint) VALUES ($1, $2, $3, $4, 'x')",
        project, row, sealed.data, sealed.key_id,
    )  # fmt: skip


async def records_of(bootstrap: str, project: str) -> list[StripeRecord]:
    """All records of the project on `stripe.events`, up to its present end."""
    consumer = new_consumer(bootstrap)
    await consumer.start()
    try:
        # Without subscribing, a topic's metadata has to be asked for.
        await consumer._client._wait_on_metadata(STRIPE_EVENTS.name)
        partitions = [TopicPartition(STRIPE_EVENTS.name, n) for n in consumer.partitions_for_topic(STRIPE_EVENTS.name)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[StripeRecord] = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            batches = await consumer.getmany(timeout_ms=200)
            records = (each for batch in batches.values() for each in batch)
            found += [decode(each.value, StripeRecord) for each in records if is_of(project, each.key)]
    finally:
        await consumer.stop()
    return found


def is_of(project: str, key: bytes | None) -> bool:
    """Whether a record with this key is the project's; other tests put whatever they want beside it."""
    return (key or b"").startswith(f"{project}/".encode())


async def event_ids(bootstrap: str, project: str) -> set[str]:
    """The ids of the project's events on the topic."""
    return {record.event_id for record in await records_of(bootstrap, project) if record.event_id}
