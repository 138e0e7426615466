"""One sync run: its lists, a few at a time, page by page, each published.

After each page, once all of its records are acknowledged, the cursor is stored: a killed run reads at most one page of
a resource again.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

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
from services.ingest.catalogue_store import CatalogueStore
from services.ingest.comparing import Comparing, Comparison, ReadModelBehind
from services.ingest.completing import Completing
from services.ingest.faults import NOT_ACTIVE, READ_MODEL_BEHIND, fault_content
from services.ingest.feed import Feed
from services.ingest.outgoing import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, publish_all
from services.ingest.plans import CATALOGUE, COUNTED, plan_of
from services.ingest.postgres_runs import RECENT, RECONCILE, PageRead, Progress, Run, Runs
from services.ingest.refetching import Readers
from services.ingest.slices import Place, Slices
from services.ingest.together import together

UNREAD = ("queued", "running")
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Work:
    """A run while it is worked on."""

    reader: StripeAccount
    run: Run
    plan: Mapping[str, Listing]
    comparison: Comparison | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Syncing:
    """Works on runs."""

    runs: Runs
    readers: Readers
    completing: Completing
    feed: Feed
    comparing: Comparing
    learned: CatalogueStore

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
        work = _Work(reader, run, plan_of(run))
        try:
            await self.runs.start(run, work.plan)
            if run.mode == RECONCILE:
                await self._compare(work, self.comparing.of(run))
            else:
                await self._read(work)
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
        """Read what was not read yet, three lists at once. Raises StripeRefused where the key is refused.

        Each waits for its own answers only: together they come up to the allowed rate. Two begin with what MRR follows
        from.
        """
        known = (await self.runs.progress(work.run)).values()
        if any(each.pages for each in known):
            await self.learned.load()  # what the process learned that began
        unread = [each for each in known if each.state in UNREAD]
        for progress in unread:
            if progress.resource in CATALOGUE:
                await self._resource(work, progress)
        others = [each for each in unread if each.resource not in CATALOGUE]
        counted = deque(each for each in others if each.resource in COUNTED)
        rest = deque(each for each in others if each.resource not in COUNTED)
        first, beside = self._lists(work, counted, rest), self._lists(work, rest)
        await together(_learn_beginning(work), first, self._lists(work, counted, rest), beside)

    async def _lists(self, work: _Work, *waiting: deque[Progress]) -> None:
        for lists in waiting:
            while lists:
                await self._resource(work, lists.popleft())

    async def _compare(self, work: _Work, comparison: Comparison) -> None:
        """Read everything anew: what an earlier process compared is told by its report alone."""
        work.comparison = comparison
        for progress in (await self.runs.progress(work.run)).values():
            await self._resource(work, await self.runs.restart(work.run, progress.resource))
        await self._compared(work, comparison)

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
        if progress.resource == EVENTS.resource:
            return await self._next_events(work, progress)
        page = await work.reader.page(work.plan[progress.resource], progress.cursor)
        await self._take(work, progress.resource, page)
        metrics.SYNCED.labels(progress.resource).inc(len(page.objects))
        read = PageRead(len(page.objects), page.cursor, _reached(work, progress.resource, page))
        return await self.runs.page(work.run, progress, read)

    async def _next_events(self, work: _Work, progress: Progress) -> Progress:
        """A page of events: in slices of time, as history is written oldest first."""
        events = work.plan[EVENTS.resource]
        slices = Slices(events.since, work.run.requested_at)
        if progress.cursor is None:
            page, place = await work.reader.page(events), None
            if page.cursor is not None:  # more than one page: begin with the oldest slice
                return await self.runs.page(work.run, progress, PageRead(0, Place(slices.begin).text(), 0))
        else:
            place = slices.place(progress.cursor)
            page = await work.reader.page(slices.listing(place), place.after)
        await self._take(work, EVENTS.resource, page)
        metrics.SYNCED.labels(EVENTS.resource).inc(len(page.objects))
        following = None if place is None else slices.following(place, page.cursor)
        cursor = None if following is None else following.text()
        reached = None if place is None else slices.reached(place)
        return await self.runs.page(work.run, progress, PageRead(len(page.objects), cursor, reached))

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
        await self.learned.store()  # whoever goes on after this page does not read it again

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


async def _learn_beginning(work: _Work) -> None:
    """When the account was opened, to tell how far a list is; unknown where the key may not read it."""
    try:
        work.opened_at = await work.reader.opened_at()
    except StripeFault as error:
        if isinstance(error, StripeRefused) and error.is_of_key:
            raise
        log.info("account_not_read", project=work.run.project, reason=str(error))


def _reached(work: _Work, resource: str, page: Page) -> int | None:
    """How much of the time that a list goes back over was read, in thousandths: lists are newest first."""
    since = work.plan[resource].since or work.opened_at
    last = page.objects[-1].get("created") if page.objects else None
    if since is None or not isinstance(last, int):
        return None
    span = work.run.requested_at.timestamp() - since.timestamp()
    if span <= 0:
        return None
    return max(0, min(1000, int(1000 * (work.run.requested_at.timestamp() - last) / span)))
