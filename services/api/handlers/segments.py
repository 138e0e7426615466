"""`GET /api/segments`: clients and MRR of Enterprise, Growth, Starter and at risk; `PUT` sets where they begin."""

from typing import Literal

import msgspec
from aiohttp import web

from services.api.answers import answer, figures
from services.api.asked import Asked
from services.api.handlers.subscriptions import Content, look
from services.api.money import total
from services.api.parameters import Body, Query
from services.api.problems import FieldError, Refused, bad_body
from services.api.queries import figures as present
from services.api.queries import segments as stored
from services.api.queries.looks import Look
from services.api.segments import AT_RISK, Thresholds, bounds_of, thresholds, thresholds_of

NAMES = ("enterprise", "growth", "starter")


class SegmentsQuery(Query, frozen=True, kw_only=True):
    """Whether live or test data is meant."""

    mode: Literal["live", "test"] | None = None


class ThresholdsBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The MRR (major units, of the base currency or the client's own) from which on a client is in the segment."""

    enterprise: str = str(Thresholds().enterprise)
    growth: str = str(Thresholds().growth)


async def segment_list(asked: Asked) -> web.Response:
    """Clients and MRR of each segment."""
    query = asked.query(SegmentsQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        content = await _segments(at, await thresholds(connection, asked.project))
    return figures(asked.request, content, at.fresh)


async def set_thresholds(asked: Asked) -> web.Response:
    """Set where segments begin. Raises Refused (400) for thresholds that make no sense."""
    body = await asked.body(ThresholdsBody)
    given = {"enterprise": body.enterprise, "growth": body.growth}
    try:
        thresholds_of(given)
    except ValueError as error:
        name, _, fault = str(error).partition(": ")
        raise Refused(bad_body([FieldError(name, fault)])) from error
    async with asked.database.writing(asked.project) as connection:
        await stored.store(connection, asked.project, msgspec.json.encode(given).decode())
    return answer(given)


async def _segments(at: Look, limits: Thresholds) -> Content:
    project, livemode = at.scope.project, at.scope.livemode
    found = {name: await stored.within(at.connection, project, livemode, bounds_of(name, limits)) for name in NAMES}
    told: list[Content] = [
        {"segment": name, "clients": one.clients, "mrr": total(one.mrr, at.policy, at.today)}
        for name, one in found.items()
    ]
    risky = await present.revenue_at_risk(at.connection, project, livemode)
    count = await stored.clients_at_risk(at.connection, project, livemode)
    told.append({"segment": AT_RISK, "clients": count, "mrr": total(risky, at.policy, at.today)})
    return {
        "thresholds": {"enterprise": str(limits.enterprise), "growth": str(limits.growth)},
        "livemode": livemode,
        "data": told,
    }
