"""`GET /api/clients` and `GET /api/clients/{id}`: what each client pays, how it stands, what people say of it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from services.api.answers import figures
from services.api.asked import Asked
from services.api.client_content import client_content, terms
from services.api.courses import Lines, courses
from services.api.cursors import Listing, Position
from services.api.freshness import freshness
from services.api.parameters import Query
from services.api.problems import Refused, not_found
from services.api.queries import clients, ledger, projects
from services.api.queries.clients import ClientFilter, ClientFound
from services.api.segments import AT_RISK, Thresholds, bounds_of
from services.api.sharing import shared


class ClientsQuery(Query, frozen=True, kw_only=True):
    """`min_mrr` is in major units and holds for the client's largest currency, as sorting by MRR does. `course` adds
    how each client's MRR went in the last twelve weeks. Each word of `q` must begin a word of the client's id, its name
    or a customer's id; after a sign a word begins, too."""

    status: Literal["active", "at_risk", "churned", "none"] | None = None
    min_mrr: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,6})?$")] | None = None
    q: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    at_risk: bool | None = None
    segment: Literal["enterprise", "growth", "starter", "at_risk"] | None = None
    sort: Literal["mrr", "-mrr", "name", "-name", "health", "-health"] = "-mrr"
    mode: Literal["live", "test"] | None = None
    course: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


@shared
async def clients_page(asked: Asked) -> web.Response:
    """A page of clients; those without MRR, and those of deleted customers, are listed too."""
    query = asked.query(ClientsQuery)
    async with asked.database.reading(asked.project) as connection:
        by = await terms(connection, asked.project)
        livemode = await projects.livemode(connection, asked.project, query.mode)
        listing = _listing(asked.project, query, livemode)
        after = asked.parts.cursors.position(listing, query.cursor)
        wanted = _filter(query, livemode, by.limits)
        found = await clients.page(connection, asked.project, wanted, after, query.limit + 1)
        shown = found[: query.limit]
        lines: Lines | None = None
        if query.course:
            scope = await ledger.scope(connection, asked.project, livemode, by.policy.timezone)
            lines = await courses(connection, scope, shown, datetime.now(UTC))
        fresh = await freshness(connection)
    content = {
        "data": [client_content(each, by) | _line(each, lines) for each in shown],
        "next_cursor": _next(asked, listing, query.sort, shown[-1]) if len(found) > query.limit else None,
        "livemode": livemode,
    }
    return figures(asked.request, content, fresh)


def _line(found: ClientFound, lines: Lines | None) -> dict[str, object]:
    """The client's course, where it was asked for; null where nothing is known to draw."""
    return {} if lines is None else {"course": lines.get(found.client)}


@shared
async def client(asked: Asked) -> web.Response:
    """One client. Raises Refused (404) for an id that the project does not have."""
    wanted = asked.path("client")
    async with asked.database.reading(asked.project) as connection:
        by = await terms(connection, asked.project)
        found = await clients.one(connection, asked.project, wanted)
        fresh = await freshness(connection)
    if found is None:
        raise Refused(not_found(f"client {wanted}"))
    version = 0 if found.directory is None else found.directory.version
    return figures(asked.request, client_content(found, by), fresh, str(version))


def _filter(query: ClientsQuery, livemode: bool, limits: Thresholds) -> ClientFilter:
    of_risk = query.segment == AT_RISK
    return ClientFilter(
        livemode=livemode,
        status=query.status,
        min_mrr=None if query.min_mrr is None else Decimal(query.min_mrr),
        words=query.q,
        at_risk=True if of_risk else query.at_risk,
        segment=None if of_risk or query.segment is None else bounds_of(query.segment, limits),
        sort=query.sort,
    )


def _listing(project: str, query: ClientsQuery, livemode: bool) -> Listing:
    """What a cursor is bound to: everything but how far and how much."""
    mode: Literal["live", "test"] = "live" if livemode else "test"
    return Listing(project, "clients", msgspec.structs.replace(query, mode=mode, cursor=None, limit=1, course=False))


def _next(asked: Asked, listing: Listing, sort: str, last: ClientFound) -> str:
    return asked.parts.cursors.after(listing, Position(clients.sorted_value(last, sort), last.client))
