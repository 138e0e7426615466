"""What was published incomplete is read again at Stripe, beside the webhooks, and published as a snapshot."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog

from libs.stripe_gateway import StripeAccount, StripeMissing, StripeRefused, StripeRejected, StripeUnavailable
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
    """An object to read: a subscription or a customer."""

    kind: str
    id: str


@dataclass(slots=True)
class _Line:
    """The objects of one account that wait, each once, and how many are being read."""

    waiting: dict[Wanted, None] = field(default_factory=dict)
    workers: int = 0


class Refetching:
    """Reads objects again: each once however often it is asked for, a few at a time, again while a fault passes.

    What waits is lost with the process; the next event of the object, or the next sync, completes it then.
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

    def ask(self, scope: Scope, record: StripeRecord) -> None:
        """Have the object of an incomplete record read again; costs the caller nothing."""
        wanted = wanted_by(record)
        if wanted is None or self._readers.reader(scope) is None:
            metrics.REFETCHES.labels("not_connected" if wanted else "nothing_to_read").inc()
            return
        line = self._lines.setdefault(scope, _Line())
        if len(line.waiting) >= MOST_WAITING:
            metrics.REFETCHES.labels("too_many").inc()
            return
        line.waiting[wanted] = None
        if line.workers < AT_ONCE:
            line.workers += 1
            task = self._tasks.create_task(self._work(scope, line))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    def stop(self) -> None:
        """Leave what waits."""
        for task in self._working:
            task.cancel()

    async def _work(self, scope: Scope, line: _Line) -> None:
        pause = FIRST_PAUSE_SECONDS
        try:
            while line.waiting:
                wanted = next(iter(line.waiting))
                del line.waiting[wanted]
                outcome = await self._outcome(scope, wanted)
                metrics.REFETCHES.labels(outcome).inc()
                if outcome != "again":
                    pause = FIRST_PAUSE_SECONDS
                    continue
                line.waiting.setdefault(wanted)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
        finally:
            line.workers -= 1

    async def _outcome(self, scope: Scope, wanted: Wanted) -> str:
        reader = self._readers.reader(scope)
        if reader is None:
            return "not_connected"
        try:
            await self._refetched(reader, scope, wanted)
        except (StripeUnavailable, NotPublished, StoreUnavailable) as error:
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

    async def _refetched(self, reader: StripeAccount, scope: Scope, wanted: Wanted) -> None:
        answer = await _read(reader, wanted)
        self._completing.catalogues.learn(scope, answer.body, whole=True)
        await self._publisher.publish(await self._completing.record(reader, scope, answer.body, answer.at))


async def _read(reader: StripeAccount, wanted: Wanted) -> Answer:
    if wanted.kind == "subscription":
        return await reader.subscription(wanted.id)
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
        case "discount" if named.subscription:
            return Wanted("subscription", named.subscription)
        case "discount" if record.customer:
            return Wanted("customer", record.customer)
    return None
