"""Puts new thresholds of segments into force in the background; until then segments are counted when asked for."""

import structlog

from services.api.database import Database
from services.api.queries import segment_sweep

PAGE = 500
log = structlog.get_logger(__name__)


async def sweep_segments(database: Database, page: int = PAGE) -> None:
    """Move every client of each project with new thresholds into its segment. Processes that do it at once do it twice,
    to the same end."""
    async with database.every_project() as connection:
        found = await segment_sweep.wanted(connection)
    for one in found:
        async with database.every_project() as connection:
            await segment_sweep.wait_for_writers(connection)
        after: str | None = ""
        while after is not None:
            async with database.every_project() as connection:
                after = await segment_sweep.move_page(connection, one.project, after, page)
        async with database.every_project() as connection:
            await segment_sweep.done(connection, one)
        log.info("segments_counted", project=one.project)
