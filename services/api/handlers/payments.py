"""`GET /api/payments/failed`, `/api/cards/expiring`, `/api/invoices`: money that failed to come, may fail, or came."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from libs.domain.metrics.cells import Measure
from services.api.answers import figures
from services.api.asked import Asked
from services.api.cursors import Listing, Position
from services.api.figures_told import money_told
from services.api.handlers.subscriptions import Content, Cursor, Limit, days, look
from services.api.measuring import Question, measured
from services.api.money import money
from services.api.parameters import Query
from services.api.periods import PeriodQuery, period_of
from services.api.queries import ledger, payments
from services.api.queries.payments import FailedInvoice, Page

EXPIRING_DAYS = 60


class FailedQuery(Query, frozen=True, kw_only=True):
    """A page of open invoices that could not be collected."""

    mode: Literal["live", "test"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class ExpiringQuery(Query, frozen=True, kw_only=True):
    """Cards that expire within so many days."""

    days: Annotated[int, msgspec.Meta(ge=1, le=730)] = EXPIRING_DAYS
    mode: Literal["live", "test"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


async def failed_payments(asked: Asked) -> web.Response:
    """Open invoices with a failed attempt, the latest first."""
    query = asked.query(FailedQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        listing = _listing(asked, query, "failed_payments", at.scope.livemode)
        page = _page(asked, query, listing, at.scope.livemode)
        found = await payments.failed(connection, page)
    shown = found[: query.limit]
    following = None
    if len(found) > query.limit:
        following = asked.parts.cursors.after(listing, Position(shown[-1].told_at.isoformat(), shown[-1].invoice))
    content = {
        "data": [_failed(one) for one in shown],
        "next_cursor": following,
        "livemode": at.scope.livemode,
    }
    return figures(asked.request, content, at.fresh)


async def expiring_cards(asked: Asked) -> web.Response:
    """Cards that expire soon. Empty unless the project keeps when cards expire (`watch_card_expiry`)."""
    query = asked.query(ExpiringQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        listing = _listing(asked, query, "cards", at.scope.livemode)
        page = _page(asked, query, listing, at.scope.livemode)
        now = datetime.now(UTC)
        found = await payments.expiring(connection, page, now, now + timedelta(days=query.days))
    shown = found[: query.limit]
    following = None
    if len(found) > query.limit:
        following = asked.parts.cursors.after(listing, Position(shown[-1].expires_at.isoformat(), shown[-1].card))
    data = [{"card": one.card, "customer": one.customer, "expires_at": one.expires_at} for one in shown]
    content = {"data": data, "next_cursor": following, "livemode": at.scope.livemode}
    return figures(asked.request, content, at.fresh)


async def invoices(asked: Asked) -> web.Response:
    """The invoices made in the period by their status now; what was paid and refunded in it."""
    query = asked.query(PeriodQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        period = period_of(query, at.today)
        sums = await ledger.totals(connection, at.scope, (Measure.INVOICES,), (period,))
        question = Question(at.scope, at.policy, (period,), frozenset({"payments", "failed"}))
        (of,) = await measured(connection, question)
    by_status = [
        {"status": one.label, "count": one.n, "amount_due": money(Fraction(one.num, one.den), one.currency)}
        for one in sorted(sums, key=lambda one: (one.label, one.currency))
    ]
    content: Content = {
        "period": days(period),
        "livemode": at.scope.livemode,
        "by_status": by_status,
        "paid": money_told(of.paid, at.policy, None),
        "refunded": money_told(of.refunded, at.policy, None),
        "failed_payments": of.failed_payments,
    }
    return figures(asked.request, content, at.fresh)


def _failed(one: FailedInvoice) -> Content:
    return {
        "invoice": one.invoice,
        "customer": one.customer,
        "subscription": one.subscription,
        "amount_due": money(Fraction(one.amount_due), one.currency),
        "amount_remaining": money(Fraction(one.amount_remaining), one.currency),
        "attempts": one.attempts,
        "next_attempt_at": one.next_attempt_at,
        "created_at": one.created_at,
        "due_at": one.due_at,
        "last_told_at": one.told_at,
    }


def _listing(asked: Asked, query: FailedQuery | ExpiringQuery, name: str, livemode: bool) -> Listing:
    mode: Literal["live", "test"] = "live" if livemode else "test"
    return Listing(asked.project, name, msgspec.structs.replace(query, mode=mode, cursor=None, limit=1))


def _page(asked: Asked, query: FailedQuery | ExpiringQuery, listing: Listing, livemode: bool) -> Page:
    after = asked.parts.cursors.position(listing, query.cursor)
    return Page(asked.project, livemode, after, query.limit + 1)
