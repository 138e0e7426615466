"""What a project does not keep for ever is purged once a day: raw records and entries of the ledger.

Current state and totals are not touched: they are tables of their own. Of each object its last version before the time
stays, and of each client's closed history who came and left, so that what follows adds up as before.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import structlog

from libs.domain.metrics.condensing import condensed
from libs.domain.policy import Policy
from libs.runtime.postgres import UNREACHABLE
from services.api.database import Database
from services.api.erasing import sweep
from services.api.queries import projects, retention
from services.api.queries.retention import Shelf
from services.api.read_model.books import books

TIERS = {"3_days": timedelta(days=3), "30_days": timedelta(days=30)}
LOOK_SECONDS = 3600.0
PAGE = 200
MODES = (True, False)
# Beyond the late window the ledger is not written again; the day is for clocks and what is on its way.
MARGIN = timedelta(days=1)
log = structlog.get_logger(__name__)


async def follow(database: Database) -> None:
    """Purge for ever, each project once a day."""
    while True:
        try:
            await sweep(database)
            await purge(database, datetime.now(UTC))
        except UNREACHABLE as error:
            log.warning("purge_interrupted", reason=repr(error), retry_seconds=LOOK_SECONDS)
        await asyncio.sleep(LOOK_SECONDS)


async def purge(database: Database, now: datetime) -> None:
    """Purge each project that does not keep everything, and was not purged today."""
    async with database.every_project() as connection:
        await retention.purge_imports(connection)
        wanted = await retention.limited(connection)
    for project in wanted:
        async with database.every_project() as connection:
            is_ours = await retention.claimed(connection, project)
            held = await projects.settings(connection, project)
        if is_ours and held.retention_tier in TIERS:
            await purge_project(database, project, held.policy(), now - TIERS[held.retention_tier])
            log.info("purged", project=project, tier=held.retention_tier)


async def purge_project(database: Database, project: str, policy: Policy, before: datetime) -> None:
    """Purge what is from before that time; the ledger only where it is closed, for good."""
    for livemode in MODES:
        async for page in _pages(database, project, livemode):
            async with database.every_project() as connection:
                await retention.purge_customers(connection, project, page, before)
        if policy.late_window is not None:
            closed = min(before, datetime.now(UTC) - policy.late_window - MARGIN)
            await _condense(database, Shelf(project, livemode, 0, ""), closed)


async def _pages(database: Database, project: str, livemode: bool) -> AsyncIterator[list[str]]:
    after = ""
    while True:
        async with database.every_project() as connection:
            page = await retention.customers(connection, project, livemode, after, PAGE)
        if not page:
            return
        yield page
        after = page[-1]


async def _condense(database: Database, place: Shelf, before: datetime) -> None:
    while True:
        async with database.every_project() as connection:
            await books(connection, [place.project])  # the ledger's own writer waits for the page, and we for it
            page = await retention.shelves(connection, place, before, PAGE)
            for shelf in page:
                held = await retention.entries(connection, shelf, before)
                await retention.keep(connection, shelf, held, condensed(held))
        if len(page) < PAGE:
            return
        place = page[-1]
