"""What is due becomes jobs in PostgreSQL (pgqueuer); every process of ingest takes some of them and works on them.

A job's row beats while its process lives. When that is killed the row goes silent, and another process, or the same one
started again, takes the job on within seconds. The jobs themselves know where they are: a run by its cursors.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import asyncpg
import orjson
import structlog
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Context
from pgqueuer.domain.models import Job as QueuedJob

from libs.runtime.postgres import UNREACHABLE
from services.ingest.job_store import PatientDriver, forget, install, job_queries
from services.ingest.jobs import Duty, Subject
from services.ingest.postgres_runs import RunTaken
from services.ingest.projects import StoreUnavailable

LOOK_SECONDS = 2.0
AGAIN_SECONDS = 5.0
# A job that is silent for so long is taken on by somebody else. A process beats twice as often.
SILENT = timedelta(seconds=6)
# Where two turn out to work on one run, the one that lost lets the other go on for so long.
HANDOVER_SECONDS = 15.0
STOP_SECONDS = 2.0
AT_ONCE, MOST_WORKED_ON = 10, 200
FORGET_SECONDS = 3600.0
log = structlog.get_logger(__name__)


class JobQueue:
    """Asks for what is due and works on what is its turn."""

    def __init__(
        self,
        database_url: str,
        pool: "asyncpg.Pool[asyncpg.Record]",
        duties: Sequence[Duty],
        news: asyncio.Event,
    ) -> None:
        """`news` set: look for what is due at once."""
        self._database_url = database_url
        self._pool = pool
        self._duties = duties
        self._told = news
        self._working: dict[tuple[str, Subject], Context] = {}

    async def follow(self) -> None:
        """Work for ever; without PostgreSQL there is nothing to work on, and it is asked again.

        Raises what a job raises that nobody expected.
        """
        while True:
            try:
                await install(self._database_url)
                await self._follow()
            except (*UNREACHABLE, asyncpg.PostgresError) as error:
                log.warning("jobs_wait_for_postgres", reason=repr(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self) -> None:
        queries = job_queries(PatientDriver(self._pool))
        manager = QueueManager(queries)
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for duty in self._duties:
            manager.entrypoint(duty.kind, accepts_context=True)(self._doing(duty, broken))
        working = manager.run(
            dequeue_timeout=timedelta(seconds=LOOK_SECONDS),
            batch_size=AT_ONCE,
            max_concurrent_tasks=MOST_WORKED_ON,
            heartbeat_timeout=SILENT,
            log_aggregation_interval=timedelta(0),
        )
        futures = (asyncio.create_task(working), asyncio.create_task(self._look(queries)), broken)
        try:
            ended, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._call_off()
            await _ended(*futures)
        for each in ended:
            each.result()

    def _call_off(self) -> None:
        """pgqueuer would let them come to their end first."""
        for context in self._working.values():
            context.cancellation.cancel()

    async def _look(self, queries: Queries) -> None:
        forgotten_at = float("-inf")
        while True:
            self._told.clear()
            if time.monotonic() >= forgotten_at + FORGET_SECONDS:
                await forget(queries)
                forgotten_at = time.monotonic()
            for duty in self._duties:
                await self._asked_for(queries, duty)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._told.wait()
            except TimeoutError:
                continue

    async def _asked_for(self, queries: Queries, duty: Duty) -> None:
        begun = {subject for kind, subject in self._working if kind == duty.kind}
        due = await duty.due()
        if duty.only_while_due:
            for subject in begun.difference(due):
                if (context := self._working.get((duty.kind, subject))) is not None:
                    context.cancellation.cancel()
        wanted = [_payload(subject) for subject in due if subject not in begun]
        if wanted:
            count = len(wanted)
            keys: list[str | None] = [f"{duty.kind} {payload.decode()}" for payload in wanted]
            await queries.enqueue([duty.kind] * count, list(wanted), [0] * count, dedupe_key=keys, on_conflict="skip")

    def _doing(self, duty: Duty, broken: "asyncio.Future[None]") -> Callable[[QueuedJob, Context], Awaitable[None]]:
        async def do(job: QueuedJob, context: Context) -> None:
            subject = Subject(*orjson.loads(job.payload or b"[]"))
            self._working[duty.kind, subject] = context
            try:
                with context.cancellation:
                    await _worked(duty, subject)
            except Exception as error:  # a fault that nobody expected ends the service
                if not broken.done():
                    broken.set_exception(error)
                raise
            finally:
                self._working.pop((duty.kind, subject), None)

        return do


async def _worked(duty: Duty, subject: Subject) -> None:
    """Do a job; what stays unfinished is due again at the next look."""
    try:
        await duty.work(subject)
    except RunTaken as error:
        log.warning("job_taken", kind=duty.kind, project=subject.project, id=subject.id, reason=str(error))
        await asyncio.sleep(HANDOVER_SECONDS)
    except (*UNREACHABLE, asyncpg.PostgresError, StoreUnavailable) as error:
        log.warning("job_interrupted", kind=duty.kind, project=subject.project, id=subject.id, reason=repr(error))


def _payload(subject: Subject) -> bytes:
    return orjson.dumps([subject.project, subject.id])


async def _ended(*futures: "asyncio.Future[None]") -> None:
    """Cancel them, again where one still waits for PostgreSQL to write down its end."""
    pending = set(futures)
    while pending:
        for each in pending:
            each.cancel()
        _, pending = await asyncio.wait(pending, timeout=STOP_SECONDS)
