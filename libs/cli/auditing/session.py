"""How PostgreSQL is asked when whole projects are looked through: at one instant, without disturbing anybody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.cli.servers import Owner, Session
from libs.runtime.postgres import EVERY_PROJECT

# Whole projects are read: what takes longer than half an hour hangs. Every row is compared with another, so a join row
# by row is never right: chosen on an estimate of few, it made minutes of a second on 50,000 subscriptions.
AUDITING = Session(
    command_seconds=1800,
    settings={
        "application_name": "revstream-audit",
        "timezone": "UTC",
        "jit": "off",
        "work_mem": "64MB",
        "enable_nestloop": "off",
    },
)


@asynccontextmanager
async def instant(connection: Owner) -> AsyncIterator[None]:
    """All rows of all projects as they are at one instant. Only temporary tables are written in it."""
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(EVERY_PROJECT)
        yield
