"""Clients by segment: how many, and how much they add."""

from services.api.database import Connection

THRESHOLDS = "SELECT segments::text FROM project_settings WHERE project = $1"


async def thresholds(connection: Connection, project: str) -> str | None:
    """The thresholds that the project has set, as JSON."""
    found: str | None = await connection.fetchval(THRESHOLDS, project)
    return found
