"""When a project's accounts are read by themselves. Ingest looks at the same rows."""

from libs.domain.schedule import MINUTES, Schedule, interval_of
from services.api.database import Connection

FIND = "SELECT days, opens, closes, interval_minutes FROM sync_schedules WHERE project = $1"
STORE = """
INSERT INTO sync_schedules (project, days, opens, closes, interval_minutes) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (project) DO UPDATE SET days = EXCLUDED.days, opens = EXCLUDED.opens, closes = EXCLUDED.closes,
    interval_minutes = EXCLUDED.interval_minutes
"""


async def schedule(connection: Connection, project: str, timezone: str) -> Schedule:
    """What the project has set, or the default, by its time zone."""
    row = await connection.fetchrow(FIND, project)
    if row is None:
        return Schedule(timezone)
    interval = interval_of(row["interval_minutes"])
    return Schedule(timezone, frozenset(row["days"]), row["opens"], row["closes"], interval)


async def store(connection: Connection, project: str, wanted: Schedule) -> Schedule:
    """Keep a schedule; ingest goes by it from its next look on."""
    minutes = MINUTES[wanted.interval]
    await connection.execute(STORE, project, sorted(wanted.days), wanted.opens, wanted.closes, minutes)
    return wanted
