"""`GET /api/mrr/definitions`: today's MRR under every preset, why they differ, and which subscriptions make it so."""

from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Literal

import msgspec
from aiohttp import web

from libs.domain.policy import PRESETS
from services.api.answers import figures
from services.api.asked import Asked
from services.api.cursors import Listing, Position
from services.api.definitions import REFERENCE
from services.api.handlers.subscriptions import Content, Cursor, Limit, look
from services.api.money import money, total
from services.api.parameters import Query
from services.api.queries import definitions
from services.api.queries.definitions import COUNTED, Differing, PresetSum
from services.api.queries.looks import Look


class DefinitionsQuery(Query, frozen=True, kw_only=True):
    """Which page of the subscriptions that the presets don't agree on."""

    mode: Literal["live", "test"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


async def mrr_definitions(asked: Asked) -> web.Response:
    """Today's MRR under every preset, and which subscriptions make the difference."""
    query = asked.query(DefinitionsQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        mode: Literal["live", "test"] = "live" if at.scope.livemode else "test"
        bound = msgspec.structs.replace(query, mode=mode, cursor=None, limit=1)
        listing = Listing(asked.project, "definitions", bound)
        after = asked.parts.cursors.position(listing, query.cursor)
        start = "" if after is None else after.id
        sums = await definitions.sums(connection, asked.project, at.scope.livemode)
        found = await definitions.differing(connection, asked.project, at.scope.livemode, start, query.limit + 1)
        pending = await definitions.pending(connection, asked.project, datetime.now(UTC))
    page = found[: query.limit]
    more = len(found) > query.limit
    content = {
        "reference": REFERENCE,
        "presets": [_preset(name, [one for one in sums if one.preset == name], at) for name in PRESETS],
        "pending": pending,
        "data": [_differing(one) for one in page],
        "next_cursor": asked.parts.cursors.after(listing, Position("", page[-1].subscription)) if more else None,
        "livemode": at.scope.livemode,
    }
    return figures(asked.request, content, at.fresh)


def _preset(name: str, sums: list[PresetSum], at: Look) -> Content:
    all_counted = [one for one in sums if one.label == COUNTED]
    labels = sorted({one.label for one in sums} - {COUNTED})
    return {
        "preset": name,
        "mrr": total(_amounts(all_counted), at.policy, at.today),
        "active_subscriptions": sum(one.n for one in all_counted),
        "because": [_because(label, [one for one in sums if one.label == label], at) for label in labels],
    }


def _because(label: str, sums: list[PresetSum], at: Look) -> Content:
    rule, _, reference = label.partition("|")
    return {
        "rule": rule,
        "instead_of": reference,
        "subscriptions": sum(one.n for one in sums),
        "difference": total(_amounts(sums), at.policy, at.today),
    }


def _amounts(sums: Iterable[PresetSum]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for one in sums:
        found[one.currency] = found.get(one.currency, Fraction(0)) + Fraction(one.num, one.den)
    return found


def _differing(one: Differing) -> Content:
    answers = one.answers
    return {
        "subscription": one.subscription,
        "customer": one.customer,
        "mrr": {name: money(answer.amount, answers.currency) for name, answer in answers.by_preset.items()},
        "rules": {name: answer.rule for name, answer in answers.by_preset.items()},
    }
