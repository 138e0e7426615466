"""`GET /api/mrr/waterfall`: the bridge from the start of a period to its end, whole and cut into intervals."""

from typing import Annotated

import msgspec
from aiohttp import web

from libs.domain.ledger import MovementKind
from libs.domain.metrics import Bridge, Period, rounded
from libs.domain.money import major_text
from libs.wire.contribution_codec import exact_text
from services.api import series
from services.api.answers import figures
from services.api.asked import Asked
from services.api.bridging import Bridges, bridged
from services.api.freshness import freshness
from services.api.handlers.subscriptions import Content, days, look
from services.api.measuring import Question, measured
from services.api.periods import Interval, PeriodQuery, before, buckets, period_of
from services.api.queries import parts
from services.api.queries.looks import Look
from services.api.queries.parts import Part
from services.api.segments import Segment, bounds_of, thresholds

Code = Annotated[str, msgspec.Meta(min_length=3, max_length=3)]


class WaterfallQuery(PeriodQuery, frozen=True, kw_only=True):
    """`interval` asks for what moved within each, beside the whole; `segment` and `currency` for a part."""

    interval: Interval | None = None
    segment: Segment | None = None
    currency: Code | None = None


async def waterfall(asked: Asked) -> web.Response:
    """The bridge from the start of a period to its end, in each currency of the ledger; it adds up as it is shown."""
    query = asked.query(WaterfallQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        period = period_of(query, at.today)
        segment = (
            None if query.segment is None else bounds_of(query.segment, await thresholds(connection, asked.project))
        )
        part = None if segment is None else Part(segment=segment)
        (whole,) = await _bridges(at, part, (period,))
        cut = () if query.interval is None else buckets(period, query.interval)
        pieces = await _bridges(at, part, cut) if cut else []
        fresh = await freshness(connection)
    code = None if query.currency is None else query.currency.lower()
    content: Content = {
        "period": days(period),
        "timezone": at.scope.timezone,
        "livemode": at.scope.livemode,
        "bridges": [bridge_content(each, one) for each, one in _of(whole, code)],
    }
    if query.interval is not None:
        told = [{**days(one), "moved": moved_content(_of(of, code))} for one, of in zip(cut, pieces, strict=True)]
        content |= {"interval": query.interval, "intervals": told}
    return figures(asked.request, content, fresh)


async def _bridges(at: Look, part: Part | None, periods: tuple[Period, ...]) -> list[Bridges]:
    """The bridges of periods that follow one another: of all clients, or of a part."""
    if part is None:
        found = await measured(at.connection, Question(at.scope, at.policy, periods, series.BRIDGE))
    else:
        sums = await parts.moved(at.connection, at.scope, part, (before(periods[0]), *periods))
        found = bridged(sums, len(periods))
    return [one.bridges for one in found]


def _of(found: Bridges, currency: str | None) -> list[tuple[str, Bridge]]:
    return [(code, one) for code, one in sorted(found.items()) if currency in (None, code)]


def bridge_content(currency: str, bridge: Bridge) -> Content:
    """A bridge with each part as it is shown, and exact."""
    exact = {"start": bridge.start, **{kind.value: bridge.by(kind) for kind in MovementKind}, "end": bridge.end}
    exact["net"] = bridge.net
    shown = rounded(bridge)
    return {
        "currency": currency,
        **{name: {"amount": major_text(shown[name], currency), "currency": currency} for name in exact},
        "exact": {name: exact_text(amount) for name, amount in exact.items()},
    }


def moved_content(found: list[tuple[str, Bridge]]) -> list[Content]:
    """What moved in one interval: the kinds that were not nothing, by currency."""
    told: list[Content] = []
    for currency, bridge in found:
        shown = rounded(bridge)
        kinds = {kind.value: major_text(shown[kind.value], currency) for kind in MovementKind if bridge.by(kind)}
        if kinds:
            told.append({"currency": currency, **kinds})
    return told
