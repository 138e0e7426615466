"""A project with one connected account in PostgreSQL, and the duties that poll and compare it, by a clock of ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.stripe_gateway import StripeAccount, StripeApi, open_account
from libs.wire.codec import encode
from services.api.read_model import offsets, versions
from services.api.read_model.offsets import Standing
from services.api.read_model.projection import Delivered
from services.ingest.catalogue_store import CatalogueStore
from services.ingest.catalogues import Catalogues
from services.ingest.comparing import Comparing, Patience
from services.ingest.completing import Completing
from services.ingest.feed import Feed
from services.ingest.polling import Polling
from services.ingest.postgres_cursors import Cursors
from services.ingest.postgres_drift import Drift
from services.ingest.postgres_known import Known
from services.ingest.postgres_runs import Run, Runs
from services.ingest.syncing import Syncing
from tests.ingest.desk import Desk, opened_desk
from tests.ingest.fakes import MemoryPublisher
from tests.ingest.stripe_rig import SCOPE, MemoryReaders
from tests.stripe_gateway.merchants import Merchant


@dataclass
class FeedRig:
    """`now` is the fake's clock: both move with it."""

    desk: Desk
    merchant: Merchant
    readers: MemoryReaders
    api: StripeApi
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

    def syncing(self) -> Syncing:
        """What works on runs; comparisons don't wait for webhooks that are on their way."""
        completing, store = Completing(self.catalogues), self.desk.store.pool
        quick = Patience(settle=timedelta(0), caught_up=timedelta(seconds=0.5), look=timedelta(seconds=0.02))
        comparing = Comparing(Known(store), Drift(store), completing, self.publisher, quick, lambda: self.now)
        learned = CatalogueStore(store, self.catalogues)
        return Syncing(self.runs, self.readers, completing, self.feed(), comparing, learned)

    async def applied(self) -> None:
        """The read model holds all that was published."""
        rows = [
            versions.read(Delivered("stripe.events", 0, 0, 0, None, encode(each))) for each in self.publisher.records
        ]
        if rows:
            await versions.write(self.desk.connection, rows)
        await offsets.store(self.desk.connection, Standing(self.now, 0))

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
        rig = FeedRig(desk, merchant, MemoryReaders({SCOPE: account}), api)
        await rig.connect()
        yield rig
