"""What was published incomplete is read again at Stripe, beside the webhooks, and published as a snapshot."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from libs.stripe_gateway import (
    OF_CHARGES,
    StripeAccount,
    StripeMissing,
    StripeRefused,
    StripeRejected,
    StripeUnavailable,
)
from libs.stripe_gateway.answers import Answer
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from services.ingest import metrics
from services.ingest.catalogues import Scope
from services.ingest.completing import Completing
from services.ingest.projects import StoreUnavailable
from services.ingest.publisher import NotPublished, Publisher, RecordTooLarge

# With the one call of a sync beside them: what may still be on its way when a key turns out to be refused.
AT_ONCE = 2
MOST_WAITING = 100_000
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
log = structlog.get_logger(__name__)


class Readers(Protocol):
    """The accounts that can be read."""

    def reader(self, scope: Scope) -> StripeAccount | None:
        """The account's gateway, None where it can't be read."""
        ...

    async def refused(self, scope: Scope, refused: StripeRefused) -> bool:
        """Note that Stripe refuses the key. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object to read: a subscription, a customer, or what belongs to a charge."""

    kind: str
    id: str


Place = tuple[Scope, Wanted]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an object waits for. `after`: only what Stripe shows later than that instant counts."""

    after: datetime | None = None

    def and_(self, other: "Waiting | None") -> "Waiting":
        """One reading that serves both."""
        instants = [each.after for each in (self, other) if each is not None and each.after is not None]
        return Waiting(max(instants, default=None))


class TooEarly(Exception):
    """Stripe's clock has not passed the instant yet that it is asked about."""


@dataclass(slots=True)
class _Line:
    """The objects of one account that wait, each once, and how many are being read."""

    waiting: dict[Wanted, Waiting] = field(default_factory=dict)
    workers: int = 0


class Refetching:
    """Reads objects again: each once however often it is asked for, a few at a time, again while a fault passes.

    `news` is what has to be stored, so that what waits survives the process.
    """

    def __init__(
        self, readers: Readers, completing: Completing, publisher: Publisher, tasks: asyncio.TaskGroup
    ) -> None:
        self._readers = readers
        self._completing = completing
        self._publisher = publisher
        self._tasks = tasks
        self._lines: dict[Scope, _Line] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._unstored: dict[Place, Waiting | None] = {}

    def ask(self, scope: Scope, record: StripeRecord) -> None:
        """Have the object of an incomplete record read again; costs the caller nothing."""
        wanted = wanted_by(record)
        if wanted is None:
            metrics.REFETCHES.labels("nothing_to_read").inc()
            return
        self.ask_for(scope, wanted)

    def ask_for(self, scope: Scope, wanted: Wanted, waiting: Waiting = Waiting()) -> bool:
        """Have an object read again; False where it can't be."""
        if self._readers.reader(scope) is None:
            metrics.REFETCHES.labels("not_connected").inc()
            return False
        line = self._lines.setdefault(scope, _Line())
        if len(line.waiting) >= MOST_WAITING:
            metrics.REFETCHES.labels("too_many").inc()
            return False
        self._wait(scope, line, wanted, waiting)
        if line.workers < AT_ONCE:
            line.workers += 1
            task = self._tasks.create_task(self._work(scope, line))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return True

    def give_up(self, scope: Scope, wanted: Wanted) -> None:
        """Have an object stored no more: it can't be read."""
        self._unstored[scope, wanted] = None

    def news(self) -> dict[Place, Waiting | None]:
        """What waits since it was last stored, and (None) what does no more."""
        return dict(self._unstored)

    def stored(self, news: Mapping[Place, Waiting | None]) -> None:
        """These are safe; what changed of them meanwhile is news again."""
        for place, waiting in news.items():
            if place in self._unstored and self._unstored[place] is waiting:
                del self._unstored[place]

    def _wait(self, scope: Scope, line: _Line, wanted: Wanted, waiting: Waiting) -> None:
        both = waiting.and_(line.waiting.get(wanted))
        line.waiting[wanted] = self._unstored[scope, wanted] = both

    def stop(self) -> None:
        """Leave what waits."""
        for task in self._working:
            task.cancel()

    async def _work(self, scope: Scope, line: _Line) -> None:
        pause = FIRST_PAUSE_SECONDS
        try:
            while line.waiting:
                wanted = next(iter(line.waiting))
                waiting = line.waiting.pop(wanted)
                outcome = await self._outcome(scope, wanted, waiting)
                metrics.REFETCHES.labels(outcome).inc()
                if outcome != "again":
                    pause = FIRST_PAUSE_SECONDS
                    if wanted not in line.waiting:
                        self._unstored[scope, wanted] = None
                    continue
                self._wait(scope, line, wanted, waiting)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
        finally:
            line.workers -= 1

    async def _outcome(self, scope: Scope, wanted: Wanted, waiting: Waiting) -> str:
        reader = self._readers.reader(scope)
        if reader is None:
            return "not_connected"
        try:
            await self._refetched(reader, scope, wanted, waiting)
        except (StripeUnavailable, NotPublished, StoreUnavailable, TooEarly) as error:
            log.info("refetch_again_later", project=scope[0], object=wanted.id, reason=str(error))
            return "again"
        except StripeRefused as refused:
            return await self._refused(scope, wanted, refused)
        except (StripeMissing, StripeRejected, MalformedRecord, RecordTooLarge) as error:
            log.warning("refetch_given_up", project=scope[0], object=wanted.id, reason=str(error))
            return "given_up"
        return "published"

    async def _refused(self, scope: Scope, wanted: Wanted, refused: StripeRefused) -> str:
        log.warning("refetch_refused", project=scope[0], object=wanted.id, reason=str(refused))
        if refused.is_of_key:
            try:
                await self._readers.refused(scope, refused)
            except StoreUnavailable:
                return "again"
        return "refused"

    async def _refetched(self, reader: StripeAccount, scope: Scope, wanted: Wanted, waiting: Waiting) -> None:
        answer = await _read(reader, wanted)
        if waiting.after is not None and answer.at <= waiting.after:
            raise TooEarly(f"Stripe's clock stands at {answer.at}")
        self._completing.catalogues.learn(scope, answer.body, whole=True)
        await self._publisher.publish(await self._completing.record(reader, scope, answer.body, answer.at))


async def _read(reader: StripeAccount, wanted: Wanted) -> Answer:
    if wanted.kind == "subscription":
        return await reader.subscription(wanted.id)
    if wanted.kind in OF_CHARGES:
        return await reader.of_charge(wanted.kind, wanted.id)
    return await reader.customer(wanted.id)


class _Named(msgspec.Struct):
    """The few fields that say what to read again."""

    id: str | None = None
    object: str | None = None
    subscription: str | None = None


def wanted_by(record: StripeRecord) -> Wanted | None:
    """What to read so that the record is completed: the object, or what a discount (which has no address) is on."""
    try:
        named = msgspec.json.decode(record.object, type=_Named)
    except msgspec.ValidationError:
        return None
    match named.object:
        case "subscription" | "customer" if named.id:
            return Wanted(named.object, named.id)
        case str(kind) if kind in OF_CHARGES and named.id:
            return Wanted(kind, named.id)
        case "discount" if named.subscription:
            return Wanted("subscription", named.subscription)
        case "discount" if record.customer:
            return Wanted("customer", record.customer)
    return None
