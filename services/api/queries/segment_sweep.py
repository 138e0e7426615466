"""New thresholds of segments, put into force client by client."""

from dataclasses import dataclass

from services.api.database import Connection

DIFFERENT = """
SELECT project, segments::text AS segments FROM project_settings WHERE segments <> segments_counted ORDER BY project
"""
# Whoever writes a client meanwhile has read the old thresholds: wait for them. Later writers read the new ones.
WRITERS_DONE = "LOCK TABLE clients IN SHARE MODE"
# Rows are locked before what they change is: in the order in which the streams' writer does.
PAGE = """
SELECT client FROM clients WHERE project = $1 AND client > $2 ORDER BY client LIMIT $3 FOR UPDATE
"""
MOVE = """
UPDATE clients SET segment = segment_of(project, mrr)
WHERE project = $1 AND client = ANY($2::text[]) AND segment <> segment_of(project, mrr)
"""
COUNTED = """
UPDATE project_settings SET segments_counted = segments WHERE project = $1 AND segments = $2::text::jsonb
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A project and its new thresholds, as JSON."""

    project: str
    segments: str


async def wanted(connection: Connection) -> list[Wanted]:
    """The projects whose clients are not all kept by their thresholds."""
    return [Wanted(row["project"], row["segments"]) for row in await connection.fetch(DIFFERENT)]


async def wait_for_writers(connection: Connection) -> None:
    """Return when nobody is writing clients by thresholds that they read before."""
    await connection.execute(WRITERS_DONE)


async def move_page(connection: Connection, project: str, after: str, limit: int) -> str | None:
    """Give the next clients the segment that they are in now; the last one's id, None after the last page."""
    clients = [row["client"] for row in await connection.fetch(PAGE, project, after, limit)]
    if not clients:
        return None
    await connection.execute(MOVE, project, clients)
    last: str = clients[-1]
    return last


async def done(connection: Connection, one: Wanted) -> None:
    """All clients are kept by these thresholds, if they are still the project's."""
    await connection.execute(COUNTED, one.project, one.segments)
