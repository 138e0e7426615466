"""`GET /api/audit-log`: who changed what in the project, oldest first, each entry with its place in the chain."""

from typing import Annotated

import msgspec
from aiohttp import web

from libs.runtime.audit_log import Chained, entries
from services.api.answers import answer
from services.api.asked import Asked
from services.api.cursors import Listing, Position
from services.api.parameters import Query


class AuditQuery(Query, frozen=True, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


async def audit_log(asked: Asked) -> web.Response:
    """The entries; with `hash` and `previous` whoever has exported them can check the chain without us."""
    query = asked.query(AuditQuery)
    listing = Listing(asked.project, "audit_log", AuditQuery())
    after = asked.parts.cursors.position(listing, query.cursor)
    async with asked.database.reading(asked.project) as connection:
        found = await entries(connection, asked.project, int(after.value) if after else 0, query.limit + 1)
    shown = found[: query.limit]
    more = None
    if len(found) > query.limit:
        more = asked.parts.cursors.after(listing, Position(str(shown[-1].number), ""))
    return answer({"data": [_content(each) for each in shown], "next_cursor": more})


def _content(entry: Chained) -> dict[str, object]:
    return {
        "number": entry.number,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": msgspec.json.decode(entry.details),
        "hashed_details": entry.details,
        "previous": entry.previous.hex(),
        "hash": entry.hash.hex(),
    }
