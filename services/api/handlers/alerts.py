"""`GET /api/alerts`: signals, newest first."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from services.api.answers import figures
from services.api.asked import Asked
from services.api.cursors import Listing, Position
from services.api.freshness import freshness
from services.api.parameters import Query
from services.api.problems import FieldError, Refused, bad_query
from services.api.queries import projects, signals
from services.api.queries.signals import SignalFilter
from services.api.sharing import shared
from services.api.signal_content import signal_content

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class AlertsQuery(Query, frozen=True, kw_only=True):
    """`from` and `to` are the days on which signals were opened, both included, in the project's time zone."""

    status: Literal["open", "acknowledged", "snoozed", "resolved"] | None = None
    client: Word | None = None
    rule: Word | None = None
    severity: Literal["low", "medium", "high", "critical"] | None = None
    from_: date | None = msgspec.field(default=None, name="from")
    to: date | None = None
    mode: Literal["live", "test"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


@shared
async def alerts(asked: Asked) -> web.Response:
    """A page of signals."""
    query = asked.query(AlertsQuery)
    async with asked.database.reading(asked.project) as connection:
        livemode = await projects.livemode(connection, asked.project, query.mode)
        mode: Literal["live", "test"] = "live" if livemode else "test"
        listing = Listing(asked.project, "alerts", msgspec.structs.replace(query, mode=mode, cursor=None, limit=1))
        after = asked.parts.cursors.position(listing, query.cursor)
        timezone = (await projects.settings(connection, asked.project)).policy().timezone
        days = (_begin(query.from_, timezone), _begin(query.to, timezone, timedelta(days=1)))
        wanted = SignalFilter(livemode, query.status, query.client, query.rule, query.severity, *days)
        found = await signals.page(connection, asked.project, wanted, after, query.limit + 1)
        fresh = await freshness(connection)
    shown = found[: query.limit]
    more = len(found) > query.limit
    content = {
        "data": [signal_content(decode(each.record, SignalRecord)) for each in shown],
        "next_cursor": _after(asked, listing, shown[-1]) if more else None,
        "livemode": livemode,
    }
    return figures(asked.request, content, fresh)


def _begin(day: date | None, timezone: str, later: timedelta = timedelta()) -> datetime | None:
    """The instant at which the day, or one `later`, begins there. Raises Refused for one beyond the calendar."""
    if day is None:
        return None
    try:
        return datetime.combine(day + later, time.min, ZoneInfo(timezone)).astimezone(UTC)
    except OverflowError as error:
        raise Refused(bad_query([FieldError("to" if later else "from", "is out of range")])) from error


def _after(asked: Asked, listing: Listing, last: signals.SignalFound) -> str:
    return asked.parts.cursors.after(listing, Position(last.opened_at.isoformat(), last.id))
