"""`GET /api/subscriptions`, `/api/renewals`, `/api/trials`: subscriptions by id, by renewal, by their trial."""

from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from libs.domain.metrics import Period, rate_text, span_of
from services.api.answers import figures
from services.api.asked import Asked
from services.api.cursors import Listing
from services.api.database import Connection
from services.api.measuring import Question, measured
from services.api.parameters import Query
from services.api.periods import PeriodQuery, period_of
from services.api.problems import FieldError, Refused, bad_query
from services.api.queries import looks, subscriptions
from services.api.queries.looks import Look
from services.api.queries.subscriptions import SubscriptionFilter
from services.api.subscription_told import subscription_content

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]
Cursor = Annotated[str, msgspec.Meta(max_length=2000)]
RENEWALS_DAYS = 30
Content = dict[str, object]


class PagedQuery(PeriodQuery, frozen=True, kw_only=True):
    """A page of what falls into a period."""

    limit: Limit = 50
    cursor: Cursor | None = None


class SubscriptionsQuery(Query, frozen=True, kw_only=True):
    """Which subscriptions; each filter left out where it does not matter."""

    status: Word | None = None
    customer: Word | None = None
    client: Word | None = None
    plan: Word | None = None
    mode: Literal["live", "test"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class RenewalsQuery(PagedQuery, frozen=True, kw_only=True):
    """Renewals from today on, for 30 days, unless the period says otherwise."""


class TrialsQuery(PagedQuery, frozen=True, kw_only=True):
    """Trials that began in the period."""


async def look(connection: Connection, asked: Asked, mode: str | None) -> Look:
    """What every answer about revenue needs first."""
    return await looks.look(connection, asked.project, mode)


async def subscriptions_page(asked: Asked) -> web.Response:
    """Subscriptions by their id."""
    query = asked.query(SubscriptionsQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        wanted = SubscriptionFilter(
            livemode=at.scope.livemode,
            status=query.status,
            customer=query.customer,
            client=query.client,
            plan=query.plan,
        )
        content = await listed(asked, at, query, wanted)
    return figures(asked.request, content, at.fresh)


async def renewals(asked: Asked) -> web.Response:
    """Subscriptions that renew in the period, the next ones first; those that will end before are not among them."""
    query = asked.query(RenewalsQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        period = _ahead(query, at.today)
        wanted = within(period, at, "renews_at")
        content = await listed(asked, at, query, wanted)
    return figures(asked.request, {**content, "period": days(period)}, at.fresh)


def _ahead(query: RenewalsQuery, today: date) -> Period:
    first = query.from_ or today
    try:
        last = query.to or first + timedelta(days=RENEWALS_DAYS - 1)
    except OverflowError as error:
        raise Refused(bad_query([FieldError("from", "is out of range")])) from error
    return period_of(msgspec.structs.replace(query, from_=first, to=last), today)


async def trials(asked: Asked) -> web.Response:
    """Trials that began in the period, the latest first; and how many began, ended and converted in it."""
    query = asked.query(TrialsQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        period = period_of(query, at.today)
        content = await listed(asked, at, query, within(period, at, "trial_began", newest_first=True))
        (of,) = await measured(connection, Question(at.scope, at.policy, (period,), frozenset({"trials"})))
    counts = {
        "new_trials": of.trials.began,
        "trials_ended": of.trials.ended,
        "converted": of.trials.converted,
        "trial_conversion_rate": rate_text(of.trials.conversion_rate),
    }
    return figures(asked.request, {**content, "period": days(period), "counts": counts}, at.fresh)


def within(period: Period, at: Look, order: subscriptions.Order, newest_first: bool = False) -> SubscriptionFilter:
    """The subscriptions whose time falls on the period's days."""
    span = span_of(period, at.scope.timezone)
    return SubscriptionFilter(at.scope.livemode, order, newest_first, span.begin, span.end)


def days(period: Period) -> Content:
    """A period as answers show it."""
    return {"from": period.first, "to": period.last}


async def listed(
    asked: Asked, at: Look, query: "PagedQuery | SubscriptionsQuery", wanted: SubscriptionFilter
) -> Content:
    """One page; its cursor is good for the same list only."""
    listing = bound(asked, query, wanted.order, at.scope.livemode)
    after = asked.parts.cursors.position(listing, query.cursor)
    found = await subscriptions.page(at.connection, asked.project, wanted, after, query.limit + 1)
    page = found[: query.limit]
    more = len(found) > query.limit
    return {
        "data": [subscription_content(one) for one in page],
        "next_cursor": asked.parts.cursors.after(listing, page[-1].place(wanted.order)) if more else None,
        "livemode": at.scope.livemode,
    }


def bound(asked: Asked, query: "PagedQuery | SubscriptionsQuery", name: str, livemode: bool) -> Listing:
    """What a cursor is bound to: everything but how far and how much."""
    mode: Literal["live", "test"] = "live" if livemode else "test"
    return Listing(asked.project, name, msgspec.structs.replace(query, mode=mode, cursor=None, limit=1))
