"""pgqueuer's tables: in a schema of their own, made and brought up to date by pgqueuer itself."""

import asyncio

import asyncpg
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings
from pgqueuer.ports.driver import Driver

from libs.runtime.postgres import UNREACHABLE

SCHEMA = "jobs"
INSTALL_LOCK = 7_305_817_366_204_514
CONNECT_SECONDS, INSTALL_SECONDS = 5.0, 60.0
AGAIN_SECONDS = 1.0
# pgqueuer keeps a line of each job's steps for ever.
FORGET = f"DELETE FROM {SCHEMA}.pgqueuer_log WHERE created < now() - interval '7 days'"  # noqa: S608 – a constant of ours
log = structlog.get_logger(__name__)


class PatientDriver(AsyncpgPoolDriver):
    """Waits for PostgreSQL where it is away, so that jobs that do not need it meanwhile go on."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Rows, as soon as there are any to be had."""
        while True:
            try:
                return await super().fetch(query, *args)
            except UNREACHABLE as error:
                await _wait(error)

    async def execute(self, query: str, *args: object) -> str:
        """A statement's tag, as soon as it can be carried out."""
        while True:
            try:
                return await super().execute(query, *args)
            except UNREACHABLE as error:
                await _wait(error)


async def _wait(error: Exception) -> None:
    log.warning("jobs_wait_for_postgres", reason=repr(error))
    await asyncio.sleep(AGAIN_SECONDS)


def job_queries(driver: Driver) -> Queries:
    """pgqueuer's statements over a driver."""
    settings = DBSettings(db_schema=SCHEMA)
    return Queries(
        driver, QueryBuilderEnvironment(settings), QueryQueueBuilder(settings), QuerySchedulerBuilder(settings)
    )


async def install(database_url: str) -> None:
    """Make the tables, or bring them up to this version of pgqueuer. Several processes take turns.

    Raises what PostgreSQL's absence raises.
    """
    connection = await asyncpg.connect(database_url, timeout=CONNECT_SECONDS, command_timeout=INSTALL_SECONDS)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", INSTALL_LOCK)
        queries = job_queries(AsyncpgDriver(connection))
        if await queries.schema_is_installed():
            await queries.apply_upgrade()
        else:
            await queries.install()
    finally:
        connection.terminate()


async def forget(queries: Queries) -> None:
    """Drop the lines of steps that nobody will look at any more."""
    await queries.driver.execute(FORGET)
