"""One sync run: its lists one after the other, page by page, each published.

After each page, once all of its records are acknowledged, the cursor is stored: a killed run reads at most one page of
a resource again.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from libs.stripe_gateway import (
    CUSTOMERS,
    EVENTS,
    Listing,
    Page,
    StripeAccount,
    StripeFault,
    StripeMissing,
    StripeRefused,
    StripeUnavailable,
)
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from services.ingest import metrics
from services.ingest.accounts import error_content
from services.ingest.comparing import Comparing, Comparison, ReadModelBehind
from services.ingest.completing import Completing
from services.ingest.faults import NOT_ACTIVE, READ_MODEL_BEHIND, fault_content
from services.ingest.feed import Feed
from services.ingest.outgoing import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, publish_all
from services.ingest.plans import CATALOGUE, plan_of
from services.ingest.postgres_runs import RECENT, RECONCILE, Progress, Run, Runs
from services.ingest.refetching import Readers

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Work:
    """A run while it is worked on."""

    reader: StripeAccount
    run: Run
    plan: Mapping[str, Listing]
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class Syncing:
    """Works on runs."""

    runs: Runs
    readers: Readers
    completing: Completing
    feed: Feed
    comparing: Comparing

    async def work(self, run: Run) -> None:
        """Take a run to its end, or leave it as it is where its account can't be read yet.

        Raises what PostgreSQL's absence raises, and RunTaken.
        """
        if not run.is_active:
            await self.runs.finish(run, run.error or NOT_ACTIVE)
            return
        reader = self.readers.reader(run.scope)
        if reader is None:
            return
        log.info("sync_works", project=run.project, run=run.id, mode=run.mode)
        comparison = self.comparing.of(run) if run.mode == RECONCILE else None
        try:
            await self._read(_Work(reader, run, plan_of(run), comparison))
        except ReadModelBehind:
            await self.runs.finish(run, READ_MODEL_BEHIND)
            return
        except StripeRefused as refused:
            # A key that was replaced meanwhile leaves the run open: it goes on with the new one.
            if await self.readers.refused(run.scope, refused):
                await self.runs.finish(run, error_content(refused))
            return
        await self.runs.finish(run)
        log.info("sync_finished", project=run.project, run=run.id, mode=run.mode)

    async def _read(self, work: _Work) -> None:
        """Read all resources. Raises StripeRefused where the key is refused."""
        await self.runs.start(work.run, work.plan)
        for progress in (await self.runs.progress(work.run)).values():
            if work.comparison is not None:  # what an earlier process compared is told by its report alone
                await self._resource(work, await self.runs.restart(work.run, progress.resource))
            elif progress.state in ("queued", "running"):
                await self._resource(work, progress)
        if work.comparison is not None:
            await self._compared(work, work.comparison)

    async def _compared(self, work: _Work, comparison: Comparison) -> None:
        """End a comparison; only where all was listed something can be told to have vanished."""
        if any(each.state != "succeeded" for each in (await self.runs.progress(work.run)).values()):
            await comparison.settle()
            return
        try:
            await comparison.end(work.reader)
        except StripeFault as error:
            if isinstance(error, StripeRefused) and error.is_of_key:
                raise
            await self.runs.trouble(work.run, CUSTOMERS.resource, "failed", fault_content(error))

    async def _resource(self, work: _Work, progress: Progress) -> None:
        pause = FIRST_PAUSE_SECONDS
        while progress.state != "succeeded":
            try:
                progress = await self._next_page(work, progress)
                pause = FIRST_PAUSE_SECONDS
            except StripeMissing:
                progress = await self.runs.restart(work.run, progress.resource)
            except StripeUnavailable as error:
                await self.runs.trouble(work.run, progress.resource, "running", fault_content(error))
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
                work.reader = self.readers.reader(work.run.scope) or work.reader
            except StripeFault as error:
                if isinstance(error, StripeRefused) and error.is_of_key:
                    raise
                await self.runs.trouble(work.run, progress.resource, "failed", fault_content(error))
                return

    async def _next_page(self, work: _Work, progress: Progress) -> Progress:
        page = await work.reader.page(work.plan[progress.resource], progress.cursor)
        await self._take(work, progress.resource, page)
        metrics.SYNCED.labels(progress.resource).inc(len(page.objects))
        return await self.runs.page(work.run, progress, len(page.objects), page.cursor)

    async def _take(self, work: _Work, resource: str, page: Page) -> None:
        if resource in CATALOGUE:
            self._learn(work.run, page)
        elif work.comparison is not None:
            await work.comparison.take(work.reader, page)
        elif resource == EVENTS.resource and work.run.mode == RECENT:
            await self.feed.publish_and_complete(work.run.scope, page.objects)
        elif resource == EVENTS.resource:  # the objects that they are about were read just now
            await self.feed.publish(work.run.scope, page.objects)
        else:
            await publish_all(self.feed.publisher, await self._records(work, page))

    def _learn(self, run: Run, page: Page) -> None:
        for item in page.objects:
            try:
                self.completing.catalogues.learn(run.scope, item, whole=True)
            except MalformedRecord as error:
                log.error("terms_malformed", project=run.project, object=item.get("id"), reason=str(error))

    async def _records(self, work: _Work, page: Page) -> list[StripeRecord]:
        records = []
        for item in page.objects:
            try:
                self.completing.catalogues.learn(work.run.scope, item)
                records.append(await self.completing.record(work.reader, work.run.scope, item, page.at))
            except MalformedRecord as error:
                log.error("snapshot_malformed", project=work.run.project, object=item.get("id"), reason=str(error))
        return records
