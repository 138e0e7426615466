"""All that ingest does at Stripe itself, put together: accounts, catalogues, completion and syncs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from libs.runtime.crypto import Keyring
from libs.runtime.read_budget import ReadBudgets
from libs.runtime.read_slots import PostgresSlots
from libs.stripe_gateway import StripeApi
from services.ingest.accounts import Accounts
from services.ingest.catalogue_store import CatalogueStore
from services.ingest.catalogues import Catalogues
from services.ingest.comparing import Comparing
from services.ingest.completing import Completing
from services.ingest.feed import Feed
from services.ingest.job_queue import JobQueue
from services.ingest.jobs import Duty
from services.ingest.nightly import Nightly
from services.ingest.polling import Polling
from services.ingest.postgres_accounts import PostgresCredentials
from services.ingest.postgres_cursors import Cursors
from services.ingest.postgres_drift import Drift
from services.ingest.postgres_known import Known
from services.ingest.postgres_runs import Runs
from services.ingest.publisher import Publisher
from services.ingest.refetch_store import RefetchStore
from services.ingest.refetching import Refetching
from services.ingest.seen_events import SeenEvents
from services.ingest.sweeping import Sweeping
from services.ingest.syncing import Syncing
from services.ingest.ties import Ties
from services.ingest.unfinished import Unfinished


@dataclass(frozen=True, slots=True)
class Store:
    """PostgreSQL, the keys that what it holds is sealed with, and the one that it does not hold: the platform's."""

    url: str
    pool: "asyncpg.Pool[asyncpg.Record]"
    keys: Keyring
    platform_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StripeSide:
    """What the webhook needs of it, and whom to tell of changed connections."""

    catalogues: Catalogues
    refetching: Refetching
    accounts: Accounts
    seen: SeenEvents
    ties: Ties
    news: asyncio.Event
    credentials: PostgresCredentials

    def tell_changed(self) -> None:
        """Connections or runs changed: look at once."""
        self.accounts.tell_changed()
        self.news.set()


@asynccontextmanager
async def stripe_side(api: StripeApi, store: Store, publisher: Publisher) -> AsyncIterator[StripeSide]:
    """Read accounts while the block runs. Starts with what is stored, whether or not Stripe can be reached."""
    catalogues, news = Catalogues(), asyncio.Event()
    catalogue_store = CatalogueStore(store.pool, catalogues)
    budgets = ReadBudgets(lambda name: PostgresSlots(store.pool, name), api.reads_per_second)
    credentials = PostgresCredentials(store.pool, store.keys, store.platform_key)
    accounts = Accounts(credentials, api, news.set, budgets.of)
    completing = Completing(catalogues)
    is_loaded = await catalogue_store.load()
    await accounts.refresh()
    async with asyncio.TaskGroup() as own, asyncio.TaskGroup() as refetches:
        refetching = Refetching(accounts, completing, publisher, refetches)
        refetch_store, ties = RefetchStore(store.pool, refetching), Ties(refetching)
        feed = Feed(catalogues, publisher, refetching.ask, ties.note)
        duties = _duties(store, accounts, feed, catalogue_store)
        jobs = JobQueue(store.url, store.pool, duties, news)
        kept = catalogue_store.keep(is_loaded), refetch_store.keep()
        unsettled = ties.follow(), Sweeping(store.pool, refetching).follow()
        tasks = [own.create_task(work) for work in (accounts.follow(), *kept, *unsettled, jobs.follow())]
        try:
            yield StripeSide(catalogues, refetching, accounts, feed.seen, ties, news, credentials)
        finally:
            await catalogue_store.store()
            refetching.stop()
            await refetch_store.store()
            for task in tasks:
                task.cancel()


def _duties(store: Store, accounts: Accounts, feed: Feed, learned: CatalogueStore) -> tuple[Duty, ...]:
    runs, drift, completing = Runs(store.pool), Drift(store.pool), Completing(feed.catalogues)
    comparing = Comparing(Known(store.pool), drift, completing, feed.publisher)
    syncing = Syncing(runs, accounts, completing, feed, comparing, learned)
    polling = Polling(Cursors(store.pool), runs, accounts, feed)
    return Unfinished(runs, syncing), polling, Nightly(drift, runs)
