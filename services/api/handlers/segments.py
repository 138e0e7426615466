"""`GET /api/segments`: clients and MRR of Enterprise, Growth, Starter and at risk; `PUT` sets where they begin."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from aiohttp import web

from services.api.answers import answer, figures
from services.api.asked import Asked, Handler
from services.api.freshness import freshness
from services.api.handlers.subscriptions import Content, Look, look
from services.api.money import total
from services.api.parameters import Body, Query
from services.api.problems import FieldError, Refused, bad_body
from services.api.queries import figures as present
from services.api.queries import segments as stored
from services.api.segments import AT_RISK, Thresholds, bounds_of, thresholds, thresholds_of

NAMES = ("enterprise", "growth", "starter")
# Each segment is added up from its clients: of a million that takes a second, so it is done that seldom.
KEPT_SECONDS = 10.0


class SegmentsQuery(Query, frozen=True, kw_only=True):
    """Whether live or test data is meant."""

    mode: Literal["live", "test"] | None = None


class ThresholdsBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The MRR (major units, of the base currency or the client's own) from which on a client is in the segment."""

    enterprise: str = str(Thresholds().enterprise)
    growth: str = str(Thresholds().growth)


Key = tuple[str, bool, Thresholds]


@dataclass(slots=True)
class Remembered:
    """The latest answer for each project and mode, and one computation of each at a time."""

    answers: dict[Key, tuple[float, Content]] = field(default_factory=dict)
    locks: dict[Key, asyncio.Lock] = field(default_factory=dict)

    async def told(self, at: Look, limits: Thresholds) -> Content:
        """The segments as they were within the last seconds."""
        key = at.scope.project, at.scope.livemode, limits
        async with self.locks.setdefault(key, asyncio.Lock()):
            held = self.answers.get(key)
            if held is None or time.monotonic() - held[0] > KEPT_SECONDS:
                held = time.monotonic(), await _segments(at, limits)
                self.answers[key] = held
            return held[1]


def segments(kept: Remembered | None = None) -> Handler:
    """The handler of segments; what it tells may be ten seconds old."""
    remembered = kept or Remembered()

    async def handler(asked: Asked) -> web.Response:
        query = asked.query(SegmentsQuery)
        async with asked.database.reading(asked.project) as connection:
            at = await look(connection, asked, query.mode)
            limits = await thresholds(connection, asked.project)
            content = await remembered.told(at, limits)
            fresh = await freshness(connection)
        return figures(asked.request, content, fresh)

    return handler


async def set_thresholds(asked: Asked) -> web.Response:
    """Raises Refused (400) for thresholds that make no sense."""
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
