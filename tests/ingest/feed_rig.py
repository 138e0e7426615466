"""A project with one connected account in PostgreSQL, and the duties that poll and compare it, by a clock of ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from deploy.migrations import upgrade
from libs.runtime.crypto import Keyring, generate_key
from libs.runtime.postgres import pool
from libs.stripe_gateway import StripeAccount, open_account
from services.ingest.catalogues import Catalogues
from services.ingest.feed import Feed
from services.ingest.polling import Polling
from services.ingest.postgres_cursors import Cursors
from services.ingest.postgres_runs import Run, Runs
from services.ingest.stripe_side import Store
from tests.ingest.fakes import MemoryPublisher
from tests.ingest.stripe_rig import SCOPE, MemoryReaders
from tests.ingest.test_syncs import Desk
from tests.stripe_gateway.merchants import Merchant


@asynccontextmanager
async def opened_desk(database: str) -> AsyncIterator[Desk]:
    """A database with the project p1, while the block runs."""
    await upgrade(database)
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
    await connection.execute("INSERT INTO projects (id, name) VALUES ('p1', 'p1')")
    async with pool(database, "test") as opened:
        yield Desk(Store(database, opened, Keyring.parse(generate_key())), connection)
    await connection.close()


@dataclass
class FeedRig:
    """`now` is the fake's clock: both move with it."""

    desk: Desk
    merchant: Merchant
    readers: MemoryReaders
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    catalogues: Catalogues = field(default_factory=Catalogues)

    @property
    def now(self) -> datetime:
        return self.merchant.fake.clock.moment

    @property
    def runs(self) -> Runs:
        return Runs(self.desk.store.pool)

    def feed(self) -> Feed:
        return Feed(self.catalogues, self.publisher, lambda _scope, _record: None)

    def polling(self) -> Polling:
        """A process that starts: it knows what is stored and nothing else."""
        return Polling(Cursors(self.desk.store.pool), self.runs, self.readers, self.feed(), lambda: self.now)

    async def connect(self) -> None:
        await self.desk.connect()
        await self.desk.connection.execute("UPDATE connections SET connected_at = $1", self.now)

    async def unfinished(self) -> list[Run]:
        return await self.runs.unfinished()

    async def ended(self) -> None:
        """Every run that was asked for is over."""
        await self.desk.connection.execute("UPDATE sync_runs SET state = 'succeeded'")

    def account(self) -> StripeAccount:
        return self.readers.open[SCOPE]


@asynccontextmanager
async def feed_rig(database: str) -> AsyncIterator[FeedRig]:
    merchant = Merchant()
    async with (
        opened_desk(database) as desk,
        merchant.served() as api,
        open_account(api, "rk_test_fake") as account,
    ):
        rig = FeedRig(desk, merchant, MemoryReaders({SCOPE: account}))
        await rig.connect()
        yield rig
