"""Keeps what every preset says of every subscription, in the background: of who changed, and of whom the clock did."""

import asyncio
import time
from datetime import UTC, datetime

import asyncpg
import structlog

from libs.domain.policy import DEFAULT
from libs.runtime.postgres import UNREACHABLE
from services.api.database import Database
from services.api.definitions import Defined, define
from services.api.queries import definitions

AT_ONCE = 200
IDLE_SECONDS = 2.0
AGAIN_SECONDS = 15.0
log = structlog.get_logger(__name__)


async def keep_definitions(database: Database) -> None:
    """For ever; several processes share the work."""
    while True:
        began = time.monotonic()
        try:
            done = await define_due(database, datetime.now(UTC))
        except (*UNREACHABLE, asyncpg.UndefinedTableError) as error:
            log.warning("definitions_wait", reason=repr(error), retry_seconds=AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        # Whoever waits for an answer comes first: this takes a fifth of the time at most.
        spent = time.monotonic() - began
        await asyncio.sleep(4 * spent if done == AT_ONCE else max(IDLE_SECONDS, 4 * spent))


async def define_due(database: Database, now: datetime, at_once: int = AT_ONCE) -> int:
    """Tell again what the presets say of some customers that are due; how many they were."""
    async with database.every_project() as connection:
        due = await definitions.take(connection, now, at_once)
    if not due:
        return 0
    async with database.every_project() as connection:
        policies = await definitions.policies(connection, (one.project for one in due))
        versions = await definitions.versions(connection, due)
    told: list[tuple[definitions.Due, Defined]] = []
    for one in due:
        records, policy = versions[one.project, one.customer], policies.get(one.project, DEFAULT)
        told.append((one, await asyncio.to_thread(define, records, policy, now)))
    async with database.every_project() as connection:
        await definitions.store(connection, told)
    return len(due)
