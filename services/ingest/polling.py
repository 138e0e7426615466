"""Each active account's events are read again and again from where the last reading ended, webhooks or not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from libs.domain.schedule import next_run
from libs.stripe_gateway import StripeAccount, StripeFault, StripeRefused
from services.ingest.clock import utc_now
from services.ingest.faults import fault_content
from services.ingest.feed import Feed
from services.ingest.jobs import Subject
from services.ingest.postgres_cursors import Cursors, Feeding
from services.ingest.postgres_runs import FULL, Runs
from services.ingest.refetching import Readers

# An event may enter the feed a little later than its second says, and clocks differ.
OVERLAP = timedelta(minutes=5)
# Stripe keeps events for thirty days; the last one is not trusted.
LONGEST_GAP = timedelta(days=29)
AGAIN = timedelta(minutes=1)
REFUSED_AGAIN = timedelta(minutes=10)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Polling:
    """Polls by each project's schedule. A process that starts goes by what is stored, so none is left out."""

    cursors: Cursors
    runs: Runs
    readers: Readers
    feed: Feed
    clock: Callable[[], datetime] = utc_now

    @property
    def kind(self) -> str:
        """The name of its jobs."""
        return "poll"

    @property
    def only_while_due(self) -> bool:
        """A poll that was begun ends."""
        return False

    async def due(self) -> list[Subject]:
        """The connections to poll now. Raises what PostgreSQL's absence raises."""
        now = self.clock()
        return [Subject(each.project, each.connection) for each in await self.cursors.active() if _is_due(each, now)]

    async def work(self, subject: Subject) -> None:
        """Poll a connection, unless another process just did. Raises what `poll` raises."""
        now = self.clock()
        for feeding in await self.cursors.active():
            if subject == Subject(feeding.project, feeding.connection) and _is_due(feeding, now):
                await self.poll(feeding)

    async def poll(self, feeding: Feeding) -> None:
        """Publish what is new and move the cursor; a fault is noted and the cursor stays.

        Raises what PostgreSQL's absence raises, and StoreUnavailable.
        """
        reader = self.readers.reader(feeding.scope)
        if reader is None:
            await self._wait(feeding, AGAIN)
            return
        try:
            await self._polled(feeding, reader)
        except StripeFault as error:
            log.warning("poll_failed", project=feeding.project, connection=feeding.connection, reason=str(error))
            pause = REFUSED_AGAIN if isinstance(error, StripeRefused) else AGAIN
            await self.cursors.failed(feeding, fault_content(error), self.clock() + pause)
            if isinstance(error, StripeRefused) and error.is_of_key:
                await self.readers.refused(feeding.scope, error)

    async def _polled(self, feeding: Feeding, reader: StripeAccount) -> None:
        since, now = feeding.since, self.clock()
        if now - since > LONGEST_GAP:
            log.warning("events_are_gone", project=feeding.project, connection=feeding.connection, since=str(since))
            if not await self.runs.ask(feeding.project, feeding.connection, FULL, now):
                await self._wait(feeding, AGAIN)  # a run of another kind has to end first
                return
            since = now - LONGEST_GAP
        until = await self.feed.read(reader, feeding.scope, since - OVERLAP)
        await self.cursors.polled(feeding, until, self.clock())

    async def _wait(self, feeding: Feeding, pause: timedelta) -> None:
        await self.cursors.waits(feeding, self.clock() + pause)


def _is_due(feeding: Feeding, now: datetime) -> bool:
    again = feeding.again_at
    if again is not None and again - REFUSED_AGAIN <= now < again:
        return False
    # A clock that was set back makes the last poll one of the future: nothing can be told from it.
    last_at = min(feeding.last_at, now)
    due_at = next_run(last_at, feeding.schedule)
    return due_at is not None and (feeding.last_at > now or due_at <= now)
