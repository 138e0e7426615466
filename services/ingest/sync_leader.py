"""Of several ingest processes one works on the syncs: the one whose connection holds the lock."""

import asyncio

import asyncpg
import structlog

from libs.runtime.postgres import UNREACHABLE
from services.ingest.postgres_runs import Run, Runs, RunTaken
from services.ingest.projects import StoreUnavailable
from services.ingest.syncing import Syncing

SYNC_LOCK = 7_305_817_366_204_513
LOOK_SECONDS = 2.0
AGAIN_SECONDS = 5.0
CONNECT_SECONDS = 5.0
KEEP_ALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
log = structlog.get_logger(__name__)


class SyncLeader:
    """Waits for the lock, then works on every unfinished run, those of a killed process among them."""

    def __init__(self, database_url: str, runs: Runs, syncing: Syncing, news: asyncio.Event) -> None:
        """`news` set: look for runs at once."""
        self._database_url = database_url
        self._runs = runs
        self._syncing = syncing
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
        working: dict[str, asyncio.Task[None]] = {}
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

    async def _look(self, working: dict[str, asyncio.Task[None]]) -> None:
        for name in [name for name, task in working.items() if task.done()]:
            working.pop(name).result()  # a fault that nobody expected ends the service
        for run in await self._runs.unfinished():
            if run.id not in working:
                working[run.id] = asyncio.create_task(self._work(run))

    async def _work(self, run: Run) -> None:
        """Work on a run; one that stays unfinished is found again at the next look."""
        try:
            await self._syncing.work(run)
        except (*UNREACHABLE, asyncpg.PostgresError, StoreUnavailable, RunTaken) as error:
            log.warning("sync_interrupted", project=run.project, run=run.id, reason=repr(error))

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._told.wait()
        except TimeoutError:
            return


async def _ended(working: dict[str, asyncio.Task[None]]) -> None:
    for task in working.values():
        task.cancel()
    await asyncio.gather(*working.values(), return_exceptions=True)
