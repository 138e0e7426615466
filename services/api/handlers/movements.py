"""`GET /api/mrr/movements`: the ledger's entries."""

from datetime import UTC, date
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from libs.domain.metrics import Period, span_of
from libs.domain.money import major_text, round_half_up, shown
from libs.domain.policy import Policy
from libs.wire.contribution_codec import exact_amount, exact_text
from services.api.answers import figures
from services.api.asked import Asked
from services.api.cursors import Listing, Position
from services.api.parameters import Query
from services.api.queries import looks, movements
from services.api.queries.movements import MovementFilter, MovementFound

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Kind = Literal["new", "expansion", "contraction", "churn", "reactivation", "fx", "transfer"]


class MovementsQuery(Query, frozen=True, kw_only=True):
    """Which entries; `from` and `to` are days of the project's zone, both included."""

    from_: date | None = msgspec.field(default=None, name="from")
    to: date | None = None
    client: Word | None = None
    kind: Kind | None = None
    currency: Word | None = None
    mode: Literal["live", "test"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    cursor: Annotated[str, msgspec.Meta(max_length=4000)] | None = None


class Amounts(NamedTuple):
    """What an entry's amounts are shown as."""

    amount: str
    exact: str
    before: str
    after: str


async def movements_page(asked: Asked) -> web.Response:
    """A page of the ledger, newest first."""
    query = asked.query(MovementsQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await looks.look(connection, asked.project, query.mode)
        scope = at.scope
        listing = _listing(asked.project, query, scope.livemode)
        after = asked.parts.cursors.position(listing, query.cursor)
        found = await movements.page(connection, scope, _filter(query, scope.timezone), after, query.limit + 1)
    page = found[: query.limit]
    following = None
    if len(found) > query.limit:
        following = asked.parts.cursors.after(listing, Position(page[-1].occurred_at.isoformat(), page[-1].id))
    content = {
        "data": [movement_content(one, at.policy, scope.timezone) for one in page],
        "next_cursor": following,
        "livemode": scope.livemode,
    }
    return figures(asked.request, content, at.fresh)


def movement_content(found: MovementFound, policy: Policy, timezone: str) -> dict[str, object]:
    """An entry as the contract shows it; amounts are signed, and what is shown adds up."""
    code = found.currency
    told = _amounts(found.exact_before, found.exact_after, code)
    amount = {"amount": told.amount, "currency": code}
    own: dict[str, str] = {} if found.own == "{}" else msgspec.json.decode(found.own)
    return {
        "id": found.id,
        "client": found.client,
        "customer": found.customer,
        "kind": found.kind,
        "amount": amount,
        "exact": told.exact,
        "before": {"amount": told.before, "currency": code},
        "after": {"amount": told.after, "currency": code},
        "currency": code,
        "base_amount": amount if code == policy.base_currency else None,
        "own_by_currency": {each: shown(exact_amount(text), each) for each, text in own.items()},
        "date": found.occurred_at.astimezone(ZoneInfo(timezone)).date(),
        "occurred_at": found.occurred_at.astimezone(UTC),
        "recorded_at": found.recorded_at,
        "caused_by": list(found.caused_by),
        "subscription": found.subscription,
        "reason": found.reason,
        "plan_change": found.plan_change,
        "cancellation_reason": found.cancellation_reason,
        "cancellation_feedback": found.cancellation_feedback,
        "estimated": found.estimated,
    }


@lru_cache(maxsize=10_000)
def _amounts(exact_before: str, exact_after: str, code: str) -> Amounts:
    """As texts. Most entries go from nothing to a price, from one price to another or to nothing."""
    before, after = exact_amount(exact_before), exact_amount(exact_after)
    amount = major_text(round_half_up(after) - round_half_up(before), code)
    return Amounts(amount, exact_text(after - before), shown(before, code), shown(after, code))


def _filter(query: MovementsQuery, timezone: str) -> MovementFilter:
    """The days as instants; a side that is left open stays so."""
    return MovementFilter(
        since=None if query.from_ is None else span_of(Period(query.from_, query.from_), timezone).begin,
        until=None if query.to is None else span_of(Period(query.to, query.to), timezone).end,
        client=query.client,
        kind=query.kind,
        currency=None if query.currency is None else query.currency.lower(),
    )


def _listing(project: str, query: MovementsQuery, livemode: bool) -> Listing:
    mode: Literal["live", "test"] = "live" if livemode else "test"
    return Listing(project, "movements", msgspec.structs.replace(query, mode=mode, cursor=None, limit=1))
