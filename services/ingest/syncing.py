"""One sync run: the catalogue, then all subscriptions, then all customers, page by page, each published as snapshots.

The catalogue comes first because a subscription can't be counted without it, and is short. After each page, once all of
its records are acknowledged, the cursor is stored: a killed run reads at most one page of a resource again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from libs.stripe_gateway import (
    COUPONS,
    CUSTOMERS,
    PRICES,
    SUBSCRIPTIONS,
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
from services.ingest.completing import Completing
from services.ingest.postgres_runs import Progress, Run, Runs
from services.ingest.publisher import NotPublished, Publisher, RecordTooLarge
from services.ingest.refetching import Readers

LISTINGS = {each.resource: each for each in (PRICES, COUPONS, SUBSCRIPTIONS, CUSTOMERS)}
CATALOGUE = frozenset({PRICES.resource, COUPONS.resource})
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Syncing:
    """Works on runs."""

    runs: Runs
    readers: Readers
    completing: Completing
    publisher: Publisher

    async def work(self, run: Run) -> None:
        """Take a run to its end, or leave it as it is where its account can't be read yet.

        Raises what PostgreSQL's absence raises, and RunTaken.
        """
        if not run.is_active:
            await self.runs.finish(run, run.error or _not_active())
            return
        reader = self.readers.reader(run.scope)
        if reader is None:
            return
        log.info("sync_works", project=run.project, run=run.id)
        await self.runs.start(run, LISTINGS)
        try:
            for progress in (await self.runs.progress(run)).values():
                if progress.state in ("queued", "running"):
                    await self._resource(reader, run, progress)
        except StripeRefused as refused:
            # A key that was replaced meanwhile leaves the run open: it goes on with the new one.
            if await self.readers.refused(run.scope, refused):
                await self.runs.finish(run, error_content(refused))
            return
        await self.runs.finish(run)
        log.info("sync_finished", project=run.project, run=run.id)

    async def _resource(self, reader: StripeAccount, run: Run, progress: Progress) -> None:
        """Read one resource to its end. Raises StripeRefused where the key is refused."""
        pause = FIRST_PAUSE_SECONDS
        while progress.state != "succeeded":
            try:
                progress = await self._next_page(reader, run, progress)
                pause = FIRST_PAUSE_SECONDS
            except StripeMissing:
                progress = await self.runs.restart(run, progress.resource)
            except StripeUnavailable as error:
                await self.runs.trouble(run, progress.resource, "running", _content(error))
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
                reader = self.readers.reader(run.scope) or reader
            except StripeFault as error:
                if isinstance(error, StripeRefused) and error.is_of_key:
                    raise
                await self.runs.trouble(run, progress.resource, "failed", _content(error))
                return

    async def _next_page(self, reader: StripeAccount, run: Run, progress: Progress) -> Progress:
        page = await reader.page(LISTINGS[progress.resource], progress.cursor)
        if progress.resource in CATALOGUE:
            self._learn(run, page)
        else:
            await self._published(await self._records(reader, run, page))
        metrics.SYNCED.labels(progress.resource).inc(len(page.objects))
        return await self.runs.page(run, progress, len(page.objects), page.cursor)

    def _learn(self, run: Run, page: Page) -> None:
        for item in page.objects:
            try:
                self.completing.catalogues.learn(run.scope, item, whole=True)
            except MalformedRecord as error:
                log.error("terms_malformed", project=run.project, object=item.get("id"), reason=str(error))

    async def _records(self, reader: StripeAccount, run: Run, page: Page) -> list[StripeRecord]:
        records = []
        for item in page.objects:
            try:
                self.completing.catalogues.learn(run.scope, item)
                records.append(await self.completing.record(reader, run.scope, item, page.at))
            except MalformedRecord as error:
                log.error("snapshot_malformed", project=run.project, object=item.get("id"), reason=str(error))
        return records

    async def _published(self, records: Sequence[StripeRecord]) -> None:
        """Return once the broker has them all, however long that takes."""
        pause = FIRST_PAUSE_SECONDS
        while records:
            refused = [each for each in await asyncio.gather(*(self._is_refused(each) for each in records)) if each]
            if refused:
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
            records = refused

    async def _is_refused(self, record: StripeRecord) -> StripeRecord | None:
        """The record again if it has to be published again."""
        try:
            await self.publisher.publish(record)
        except NotPublished:
            return record
        except RecordTooLarge as error:
            log.error("snapshot_too_large", project=record.project, type=record.type, reason=str(error))
        return None


def _content(error: StripeFault) -> dict[str, object]:
    """A fault of one resource, as it is stored and shown."""
    if isinstance(error, StripeRefused):
        return error_content(error)
    temporary = isinstance(error, StripeUnavailable)
    return {
        "code": "stripe_unavailable" if temporary else "stripe_rejected",
        "message": str(error),
        "hint": "It is tried again by itself." if temporary else "Report this with Stripe's request id.",
        "stripe_request_id": error.request_id,
    }


def _not_active() -> dict[str, object]:
    return {
        "code": "connection_not_active",
        "message": "The account was disconnected.",
        "hint": "Connect it again.",
        "stripe_request_id": None,
    }
