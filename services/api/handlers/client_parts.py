"""`GET /api/clients/{id}/{subscriptions,movements,invoices,signals}`: what belongs to one client, page by page."""

from dataclasses import replace
from fractions import Fraction
from typing import Annotated

import msgspec
from aiohttp import web

from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from services.api.answers import figures
from services.api.asked import Asked
from services.api.cursors import Listing, Position
from services.api.database import Connection
from services.api.handlers.movements import movement_content
from services.api.money import money
from services.api.parameters import Query
from services.api.problems import Refused, not_found
from services.api.queries import client_parts, looks, movements, signals, subscriptions
from services.api.queries.client_parts import InvoiceFound, Owned
from services.api.queries.looks import Look
from services.api.queries.movements import MovementFilter
from services.api.queries.signals import SignalFilter
from services.api.queries.subscriptions import SubscriptionFilter
from services.api.sharing import shared
from services.api.signal_content import signal_content
from services.api.subscription_told import subscription_content

Content = dict[str, object]


class PartQuery(Query, frozen=True, kw_only=True):
    """A page of what belongs to a client."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=4000)] | None = None


async def owned(connection: Connection, asked: Asked) -> tuple[Owned, Look]:
    """Whose parts are asked for, in the mode that the client is shown in. Raises Refused (404)."""
    client = asked.path("client")
    at = await looks.look(connection, asked.project, None)
    found = await client_parts.belongings(connection, asked.project, client)
    if found is None:
        raise Refused(not_found(f"client {client}"))
    livemode = at.scope.livemode if found.livemode is None else found.livemode
    at = replace(at, scope=replace(at.scope, livemode=livemode))
    return Owned(asked.project, client, livemode, found.customers, at.scope.generation), at


def part(asked: Asked, name: str) -> Listing:
    """What a cursor of one of the client's lists is bound to."""
    return Listing(f"{asked.project}/{asked.path('client')}", f"client {name}", PartQuery())


def paged(asked: Asked, listing: Listing, content: list[Content], last: Position | None) -> Content:
    """A page, with the cursor of the next where there is one."""
    more = None if last is None else asked.parts.cursors.after(listing, last)
    return {"client": asked.path("client"), "data": content, "next_cursor": more}


@shared
async def client_subscriptions(asked: Asked) -> web.Response:
    """The client's subscriptions by their id, ended ones too."""
    query, listing = asked.query(PartQuery), part(asked, "subscriptions")
    async with asked.database.reading(asked.project) as connection:
        whose, at = await owned(connection, asked)
        after = asked.parts.cursors.position(listing, query.cursor)
        wanted = SubscriptionFilter(whose.livemode, client=whose.client)
        found = await subscriptions.page(connection, asked.project, wanted, after, query.limit + 1)
    shown = found[: query.limit]
    last = shown[-1].place("subscription") if len(found) > query.limit else None
    return figures(asked.request, paged(asked, listing, [subscription_content(one) for one in shown], last), at.fresh)


@shared
async def client_movements(asked: Asked) -> web.Response:
    """The client's entries of the ledger, the newest first."""
    query, listing = asked.query(PartQuery), part(asked, "movements")
    async with asked.database.reading(asked.project) as connection:
        whose, at = await owned(connection, asked)
        after = asked.parts.cursors.position(listing, query.cursor)
        found = await movements.page(connection, at.scope, MovementFilter(client=whose.client), after, query.limit + 1)
    shown = found[: query.limit]
    last = Position(shown[-1].occurred_at.isoformat(), shown[-1].id) if len(found) > query.limit else None
    content = [movement_content(one, at.policy, at.scope.timezone) for one in shown]
    return figures(asked.request, paged(asked, listing, content, last), at.fresh)


@shared
async def client_invoices(asked: Asked) -> web.Response:
    """The invoices of the client's customers, the newest first."""
    query, listing = asked.query(PartQuery), part(asked, "invoices")
    async with asked.database.reading(asked.project) as connection:
        whose, at = await owned(connection, asked)
        after = asked.parts.cursors.position(listing, query.cursor)
        found = await client_parts.invoices(connection, whose, after, query.limit + 1)
    shown = found[: query.limit]
    last = Position(shown[-1].created_at.isoformat(), shown[-1].invoice) if len(found) > query.limit else None
    return figures(asked.request, paged(asked, listing, [invoice_content(one) for one in shown], last), at.fresh)


@shared
async def client_signals(asked: Asked) -> web.Response:
    """The client's signals, the newest first, resolved ones too."""
    query, listing = asked.query(PartQuery), part(asked, "signals")
    async with asked.database.reading(asked.project) as connection:
        whose, at = await owned(connection, asked)
        after = asked.parts.cursors.position(listing, query.cursor)
        wanted = SignalFilter(whose.livemode, status=None, client=whose.client, rule=None, severity=None)
        found = await signals.page(connection, asked.project, wanted, after, query.limit + 1)
    shown = found[: query.limit]
    last = Position(shown[-1].opened_at.isoformat(), shown[-1].id) if len(found) > query.limit else None
    content = [signal_content(decode(one.record, SignalRecord)) for one in shown]
    return figures(asked.request, paged(asked, listing, content, last), at.fresh)


def invoice_content(found: InvoiceFound) -> Content:
    """An invoice: what is due, what was paid, and how often that failed."""
    return {
        "invoice": found.invoice,
        "customer": found.customer,
        "subscription": found.subscription,
        "status": found.status,
        "amount_due": money(Fraction(found.amount_due), found.currency),
        "amount_paid": money(Fraction(found.amount_paid), found.currency),
        "amount_remaining": money(Fraction(found.amount_remaining), found.currency),
        "attempts": found.attempts,
        "next_attempt_at": found.next_attempt_at,
        "created_at": found.created_at,
        "due_at": found.due_at,
        "paid_at": found.paid_at,
    }
