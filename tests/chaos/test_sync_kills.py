"""Ingest is killed at random points of an initial sync: it goes on by itself, reads next to nothing twice, and what it
has published in the end is what it publishes undisturbed."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import pytest

from libs.fake_stripe.large import LargeAccount
from libs.fake_stripe.large.households import LIVED
from libs.runtime.crypto import Keyring, credential_place, generate_key
from tests.ingest.stripe_rig import SCOPE
from tests.integration.ingest_rig import Ingest, records_of, running_ingest, with_project

KEYS = generate_key()
KEY = "rk_test_fake"
KILLS, KILLS_IN_FULL = 1, 20
ADD = """
INSERT INTO connections (project, id, account, livemode, state, credential, key_id)
VALUES ($1, 'con_1', $2, $3, 'active', $4, $5)
"""
ASK = "INSERT INTO sync_runs (project, id, connection, mode, state) VALUES ($1, 'syn_1', 'con_1', 'initial', 'queued')"
STATE = "SELECT state FROM sync_runs WHERE project = $1"
PAGES = "SELECT name, pages FROM sync_resources WHERE project = $1"

Servers = tuple[str, str]  # Kafka, PostgreSQL

pytestmark = pytest.mark.chaos


@dataclass
class Course:
    """A project with a connected account of some size, and the environment of ingest."""

    account: LargeAccount
    project: str
    connection: "asyncpg.Connection[asyncpg.Record]"
    environment: dict[str, str]

    @asynccontextmanager
    async def ingest(self) -> AsyncIterator[Ingest]:
        async with running_ingest(self.environment, self.project) as process:
            yield process

    @property
    def calls(self) -> Counter[str]:
        """How often each list was asked for."""
        return Counter(path for _, path in self.account.server.calls)

    async def is_over(self) -> bool:
        return await self.connection.fetchval(STATE, self.project) not in ("queued", "running")

    async def over(self) -> None:
        async with asyncio.timeout(120):
            while not await self.is_over():  # noqa: ASYNC110 – a row tells nobody
                await asyncio.sleep(0.05)
        assert await self.connection.fetchval(STATE, self.project) == "succeeded"

    async def killed_after(self, calls: int) -> None:
        """Ingest works until so many calls more were made, then is killed."""
        wanted = len(self.account.server.calls) + calls
        async with self.ingest() as ingest, asyncio.timeout(60):
            while len(self.account.server.calls) < wanted and not await self.is_over():  # noqa: ASYNC110 – another process
                await asyncio.sleep(0.005)
            ingest.process.kill()
            await ingest.process.wait()

    async def pages(self) -> dict[str, int]:
        return {f"/v1/{row['name']}": row["pages"] for row in await self.connection.fetch(PAGES, self.project)}


@asynccontextmanager
async def connected(servers: Servers, project: str, account: LargeAccount) -> AsyncIterator[Course]:
    """The account is connected and its first sync asked for; nobody works on it yet."""
    bootstrap, database = servers
    await with_project(database, KEYS, project)
    account.server.calls.clear()
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
    sealed = Keyring.parse(KEYS).encrypt(KEY.encode(), credential_place(project, "con_1"))
    await connection.execute(ADD, project, *SCOPE[1:], sealed.data, sealed.key_id)
    await connection.execute(ASK, project)
    async with account.serve() as url:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DATABASE_URL": database,
            "REVSTREAM_ENCRYPTION_KEYS": KEYS,
            "STRIPE_API_BASE": url,
            "STRIPE_READS_PER_SECOND": "50",
        }
        yield Course(account, project, connection, environment)
    await connection.close()


async def published(bootstrap: str, project: str) -> dict[tuple[str, str], bytes]:
    """The last record of each object and event. Stripe's clock stands still, so nothing else tells two apart."""
    return {
        (each.type, each.event_id or str(each.customer) + str(hash(bytes(each.object)))): bytes(each.object)
        for each in await records_of(bootstrap, project)
    }


async def test_a_killed_sync_ends_as_an_undisturbed_one(
    kafka_bootstrap: str, database: str, project: str, full: bool
) -> None:
    kills, size, dice = (KILLS_IN_FULL if full else KILLS), (640 if full else 80), random.Random(7)
    account = LargeAccount(3, size, datetime.now(UTC).replace(microsecond=0) - LIVED)
    servers, undisturbed = (kafka_bootstrap, database), f"{project}-u"
    async with connected(servers, undisturbed, account) as calm:
        async with calm.ingest():
            await calm.over()
        total = len(account.server.calls)
    async with connected(servers, project, account) as course:
        for _ in range(kills):
            await course.killed_after(dice.randint(1, max(2, 2 * total // (kills + 1) - 2)))
        async with course.ingest():
            await course.over()
        read_twice = {path: course.calls[path] - pages for path, pages in (await course.pages()).items()}
    assert all(0 <= times <= kills for times in read_twice.values()), read_twice
    assert await published(kafka_bootstrap, project) == await published(kafka_bootstrap, undisturbed)
