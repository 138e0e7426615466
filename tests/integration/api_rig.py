"""The API as it really runs, beside real Kafka and PostgreSQL, and ways to feed its topics."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from deploy.ports import free_port
from libs.runtime.kafka import ProducerLimits, new_producer
from libs.wire.codec import encode, record_key
from libs.wire.records import ClientRecord, Record, SignalRecord, StripeRecord
from libs.wire.topics import CHURN_SIGNALS, REVENUE_CLIENTS, STRIPE_EVENTS

ROOT = Path(__file__).parents[2]


@dataclass
class RunningApi:
    """A running api process."""

    process: asyncio.subprocess.Process
    port: int
    health_port: int

    async def get(self, session: ClientSession, path: str, key: str) -> tuple[int, Any]:
        """Status and JSON; status 0 where nobody answers."""
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            async with session.get(url, headers={"Authorization": f"Bearer {key}"}) as response:
                return response.status, await response.json(content_type=None)
        except ClientError:
            return 0, None

    async def says(self, key: str, path: str, holds: Callable[[Any], bool], seconds: float = 60) -> Any:
        """The first answer that holds; fails the test if there is none in time."""
        status, content = 0, None
        try:
            async with asyncio.timeout(seconds), ClientSession(timeout=ClientTimeout(total=5)) as session:
                while True:
                    status, content = await self.get(session, path, key)
                    if status == 200 and holds(content):
                        return content
                    assert self.process.returncode is None, "the API has ended"
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{path} still says {status} {content}") from None

    async def ready_within(self, seconds: float, expected: bool = True) -> None:
        """Return once `/readyz` says so, or says that it isn't."""
        async with ClientSession() as session, asyncio.timeout(seconds):
            while await self._is_ready(session) is not expected:
                assert self.process.returncode is None, "the API has ended"
                await asyncio.sleep(0.05)

    async def _is_ready(self, session: ClientSession) -> bool | None:
        try:
            async with session.get(f"http://127.0.0.1:{self.health_port}/readyz") as response:
                return response.status == 200
        except ClientError:
            return None

    async def stop(self, deadline: float = 15) -> int:
        """Ask it to stop; its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), deadline)


@asynccontextmanager
async def running_api(environment: Mapping[str, str], log: IO[bytes] | None = None) -> AsyncIterator[RunningApi]:
    """`python -m services.api` while the block runs; what it says goes to `log`, else to the terminal."""
    port, health_port = free_port(), free_port()
    ports = {"API_PORT": str(port), "API_HEALTH_PORT": str(health_port)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.api"),
        cwd=ROOT,
        env={**os.environ, **ports, **environment},
        stdout=log,
        stderr=log,
    )
    try:
        yield RunningApi(process, port, health_port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def placed(record: Record) -> tuple[str, bytes]:
    """The topic of a record, and its key there."""
    match record:
        case ClientRecord():
            return REVENUE_CLIENTS.name, record_key(record.project, record.client)
        case SignalRecord():
            return CHURN_SIGNALS.name, record_key(record.project, record.client)
        case StripeRecord():
            return STRIPE_EVENTS.name, record_key(record.project, record.customer or record.account)
        case _:
            raise AssertionError(f"no topic for {record}")


async def publish(bootstrap: str, records: Iterable[Record | tuple[str, bytes, bytes]]) -> None:
    """Send records (or raw topic, key and value) and wait until the broker has all of them."""
    producer = new_producer(bootstrap, ProducerLimits(linger_ms=2))
    await producer.start()
    try:
        waiting = []
        for record in records:
            topic, key, value = record if isinstance(record, tuple) else (*placed(record), encode(record))
            waiting.append(await producer.send(topic, value, key))
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()
