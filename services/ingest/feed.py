"""Stripe's feed of events, published: what webhooks missed comes out of it, and what they brought is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import structlog

from libs.stripe_gateway import Listing, StripeAccount
from libs.stripe_gateway.answers import Json
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Origin, event_of, is_published, to_record
from libs.wire.stripe_event.sanitising import sanitised
from services.ingest import metrics
from services.ingest.catalogues import Catalogues, Scope
from services.ingest.clock import utc_now
from services.ingest.outgoing import publish_all
from services.ingest.publisher import Publisher
from services.ingest.seen_events import SeenEvents
from services.ingest.slices import Slices

MOST_HELD = 2000
log = structlog.get_logger(__name__)


class LeftOut(StrEnum):
    """Why an event of the feed is not published."""

    SEEN = "seen"
    TYPE = "type"
    ACCOUNT = "account"
    MALFORMED = "malformed"


def _not_noted(_record: StripeRecord) -> None:
    """Nobody looks for ties."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Publishes events that were read at Stripe. `lacking` hears of each record that was published incomplete,
    `published` of each that the broker has."""

    catalogues: Catalogues
    publisher: Publisher
    lacking: Callable[[Scope, StripeRecord], None]
    published: Callable[[StripeRecord], None] = _not_noted
    seen: SeenEvents = field(default_factory=SeenEvents)
    clock: Callable[[], datetime] = utc_now

    async def read(self, reader: StripeAccount, scope: Scope, since: datetime) -> datetime:
        """Publish every event since an instant; the instant, by Stripe's clock, up to which that is all of them.

        Stripe shows the newest first; they are read in slices of time and published oldest first, as far as they fit
        into memory. Raises a StripeFault; then it has to be read again.
        """
        until: datetime | None = None
        for listing in Slices(since, self.clock()):
            until = await self._slice(reader, scope, listing)
        assert until is not None  # there is at least one slice
        return until

    async def _slice(self, reader: StripeAccount, scope: Scope, listing: Listing) -> datetime:
        """Publish one slice; Stripe's time when it was begun."""
        begun: datetime | None = None
        held: list[Json] = []
        async for page in reader.pages(listing):
            begun = begun or page.at
            held += page.objects
            if len(held) >= MOST_HELD:
                await self.publish_and_complete(scope, held)
                held = []
        await self.publish_and_complete(scope, held)
        assert begun is not None  # a list has at least one page
        return begun

    async def publish_and_complete(self, scope: Scope, events: Sequence[Json]) -> None:
        """Publish events as `publish` does, and have objects read that they leave incomplete or unclear."""
        for record in await self.publish(scope, events):
            self.published(record)
            if record.incomplete:
                self.lacking(scope, record)

    async def publish(self, scope: Scope, events: Sequence[Json]) -> list[StripeRecord]:
        """Publish those events, given newest first, that this process has not published yet; give their records."""
        records = []
        for each in reversed(events):
            record = self._record(scope, each)
            if isinstance(record, LeftOut):
                metrics.POLLED.labels(record.value).inc()
            else:
                records.append(record)
        await publish_all(self.publisher, records)
        metrics.POLLED.labels("published").inc(len(records))
        for record in records:
            self.seen.add(record.project, record.event_id or "")
        return records

    def _record(self, scope: Scope, item: Json) -> StripeRecord | LeftOut:
        project, account, livemode = scope
        if (project, str(item.get("id"))) in self.seen:
            return LeftOut.SEEN
        try:
            event = event_of(sanitised(item))
            if event.is_thin or not is_published(event.type):
                return LeftOut.TYPE
            if event.livemode != livemode or event.account not in (None, account):
                return LeftOut.ACCOUNT
            origin = Origin(project, account, livemode, "events_api")
            return to_record(event, origin, self.catalogues.learned(scope, event))
        except MalformedRecord as error:
            log.error("event_malformed", project=project, event_id=item.get("id"), reason=str(error))
            return LeftOut.MALFORMED
