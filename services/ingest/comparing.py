"""An account compared with what the streams say of it: what differs is published, what vanished is marked deleted.

A difference counts only if it is still there once the read model holds all that was published before: what is on its
way is no drift. Differences are held back in small numbers, so an account of any size fits into memory.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

import structlog

from libs.domain.fact import Fact
from libs.domain.version import Rank
from libs.stripe_gateway import Page, StripeAccount
from libs.stripe_gateway.answers import Json
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Kind, read
from services.ingest import metrics
from services.ingest.clock import utc_now
from services.ingest.completing import Completing
from services.ingest.outgoing import publish_all
from services.ingest.postgres_drift import Differing, Drift
from services.ingest.postgres_known import Known, Place
from services.ingest.postgres_runs import Run
from services.ingest.publisher import Publisher
from services.ingest.vanished import as_it_is

MOST_HELD = 1000
log = structlog.get_logger(__name__)


class ReadModelBehind(Exception):
    """The read model does not hold what was published some time ago, so nothing can be told from it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`settle`: how long a webhook may be on its way. `caught_up`: how long the read model may take after that."""

    settle: timedelta = timedelta(seconds=10)
    caught_up: timedelta = timedelta(minutes=2)
    look: timedelta = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True)
class Comparing:
    """What comparisons need."""

    known: Known
    drift: Drift
    completing: Completing
    publisher: Publisher
    patience: Patience = Patience()
    clock: Callable[[], datetime] = utc_now

    def of(self, run: Run) -> "Comparison":
        """A comparison that begins now."""
        return Comparison(self, run)

    async def settled(self) -> None:
        """Wait until what was published up to now is known. Raises ReadModelBehind."""
        await asyncio.sleep(self.patience.settle.total_seconds())
        now = self.clock()
        try:
            async with asyncio.timeout(self.patience.caught_up.total_seconds()):
                while not await self._holds(now):  # noqa: ASYNC110 – a row tells nobody
                    await asyncio.sleep(self.patience.look.total_seconds())
        except TimeoutError as error:
            raise ReadModelBehind("the read model does not catch up with the topics") from error

    async def _holds(self, instant: datetime) -> bool:
        as_of = await self.known.as_of()
        return as_of is not None and as_of >= instant


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as Stripe lists it: the record that would be published, and the fact in it."""

    kind: Kind
    id: str
    record: StripeRecord
    fact: Fact

    @property
    def place(self) -> Place:
        """Where the streams keep it."""
        return self.record.customer or "", self.id


@dataclass(slots=True)
class Comparison:
    """One run's comparison, fed with the pages that it reads."""

    parts: Comparing
    run: Run
    began: datetime | None = None
    latest: datetime | None = None
    seen: set[str] = field(default_factory=set)
    held: dict[str, Listed] = field(default_factory=dict)

    async def take(self, reader: StripeAccount, page: Page) -> None:
        """Compare a page. Raises a StripeFault, and ReadModelBehind."""
        self.began, self.latest = self.began or page.at, page.at
        listed = [found for each in page.objects if (found := await self._listed(reader, each, page.at)) is not None]
        self.seen.update(str(each.get("id")) for each in page.objects)
        self.held |= {each.id: each for each, _ in await self._differing(listed)}
        if len(self.held) >= MOST_HELD:
            await self.settle()

    async def end(self, reader: StripeAccount) -> None:
        """All was listed: what the streams know beyond it is asked for one by one. Raises as `take` does."""
        if self.began is None or self.latest is None:
            return
        for kind in (Kind.SUBSCRIPTION, Kind.CUSTOMER):
            living = self.parts.known.living(self.run.scope, kind, self.began, Rank.TERMINAL_SNAPSHOT)
            unseen = [place async for place in living if place[1] not in self.seen]
            for at in range(0, len(unseen), MOST_HELD):
                await self._unlisted(reader, kind, unseen[at : at + MOST_HELD], self.latest)
        await self.settle()

    async def _unlisted(self, reader: StripeAccount, kind: Kind, places: list[Place], at: datetime) -> None:
        for identifier, (fact, record) in (await self.parts.known.newest(self.run.scope, places)).items():
            if fact.rank >= Rank.TERMINAL_SNAPSHOT:
                continue
            answer = await as_it_is(reader, kind, identifier, record, at)
            found = await self._listed(reader, answer.body, answer.at)
            if found is not None:
                self.held[found.id] = found
        await self.settle()

    async def settle(self) -> None:
        """Publish and report what still differs. Raises ReadModelBehind."""
        if not self.held:
            await self.parts.drift.report(self.run, (), 0)
            return
        await self.parts.settled()
        differing = await self._differing(list(self.held.values()))
        fixed = await publish_all(self.parts.publisher, [each.record for each, _ in differing])
        self.held = {}
        for each, _ in differing:
            metrics.DRIFT.labels(each.kind.value).inc()
        told = [Differing(each.kind.value, each.id, each.place[0], what) for each, what in differing]
        await self.parts.drift.report(self.run, told, fixed)
        log.info("drift", project=self.run.project, run=self.run.id, found=len(told), fixed=fixed)

    async def _listed(self, reader: StripeAccount, item: Json, at: datetime) -> Listed | None:
        try:
            self.parts.completing.catalogues.learn(self.run.scope, item)
            record = await self.parts.completing.record(reader, self.run.scope, item, at)
            fact = read(record)[0]
        except MalformedRecord as error:
            log.error("snapshot_malformed", project=self.run.project, object=item.get("id"), reason=str(error))
            return None
        return Listed(Kind(str(item.get("object"))), str(item.get("id")), record, fact)

    async def _differing(self, listed: list[Listed]) -> list[tuple[Listed, tuple[str, ...]]]:
        known = await self.parts.known.newest(self.run.scope, [each.place for each in listed])
        differing = []
        for each in listed:
            fact = known[each.id][0] if each.id in known else None
            if fact is None or fact.digest != each.fact.digest:
                differing.append((each, _what(fact, each.fact)))
        return differing


def _what(known: Fact | None, listed: Fact) -> tuple[str, ...]:
    """The names of what differs."""
    if known is None:
        return ("missing",)
    before, now = known.content, listed.content
    if getattr(now, "deleted", False):
        return ("deleted",)
    return tuple(each.name for each in fields(now) if getattr(before, each.name, None) != getattr(now, each.name))
