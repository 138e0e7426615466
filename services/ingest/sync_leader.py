"""Of several ingest processes one works on syncs and polls: the one whose connection holds the lock."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import asyncpg
import structlog

from libs.runtime.postgres import UNREACHABLE
from services.ingest.jobs import Duty, Job
from services.ingest.postgres_runs import Runs, RunTaken
from services.ingest.projects import StoreUnavailable
from services.ingest.syncing import Syncing

SYNC_LOCK = 7_305_817_366_204_513
LOOK_SECONDS = 2.0
AGAIN_SECONDS = 5.0
CONNECT_SECONDS = 5.0
KEEP_ALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The duty to work on every unfinished run, those of a killed process among them."""

    runs: Runs
    syncing: Syncing

    async def due(self) -> list[Job]:
        """A job for each of them, left where somebody calls the run off."""
        return [
            Job(run.id, partial(self.syncing.work, run), only_while_due=True) for run in await self.runs.unfinished()
        ]


class SyncLeader:
    """Waits for the lock, then does what is due."""

    def __init__(self, database_url: str, duties: Sequence[Duty], news: asyncio.Event) -> None:
        """`news` set: look for what is due at once."""
        self._database_url = database_url
        self._duties = duties
        self._told = news

    async def follow(self) -> None:
        """Work for ever; without PostgreSQL there is nothing to work on, and it is asked again."""
        while True:
            try:
                await self._lead()
            except (*UNREACHABLE, asyncpg.PostgresError) as error:
                log.warning("syncs_wait_for_postgres", reason=repr(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _lead(self) -> None:
        connection = await asyncpg.connect(
            self._database_url,
            timeout=CONNECT_SECONDS,
            command_timeout=CONNECT_SECONDS,
            server_settings={"application_name": "revstream-ingest-syncs", **KEEP_ALIVE},
        )
        working: dict[str, _Working] = {}
        try:
            while True:
                self._told.clear()
                # The lock is counted up at each look: asking for it again proves that the connection lives.
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", SYNC_LOCK):
                    await self._look(working)
                await self._pause()
        finally:
            await _ended(working)
            connection.terminate()

    async def _look(self, working: dict[str, "_Working"]) -> None:
        for name in [name for name, each in working.items() if each.task.done()]:
            ended = working.pop(name).task
            if not ended.cancelled():
                ended.result()  # a fault that nobody expected ends the service
        due = {job.name: job for duty in self._duties for job in await duty.due()}
        for name, each in working.items():
            if each.job.only_while_due and name not in due:
                each.task.cancel()
        for name, job in due.items():
            if name not in working:
                working[name] = _Working(job, asyncio.create_task(_worked(job)))

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._told.wait()
        except TimeoutError:
            return


@dataclass(frozen=True, slots=True)
class _Working:
    job: Job
    task: asyncio.Task[None]


async def _worked(job: Job) -> None:
    """Do a job; what stays unfinished is due again at the next look."""
    try:
        await job.work()
    except (*UNREACHABLE, asyncpg.PostgresError, StoreUnavailable, RunTaken) as error:
        log.warning("job_interrupted", job=job.name, reason=repr(error))


async def _ended(working: dict[str, _Working]) -> None:
    for each in working.values():
        each.task.cancel()
    await asyncio.gather(*(each.task for each in working.values()), return_exceptions=True)
