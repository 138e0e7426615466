"""`/api/integrations/stripe/sync` and `…/syncs`: reading an account again, and how that goes."""

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from services.api.answers import answer
from services.api.asked import Asked
from services.api.cursors import Listing, Position
from services.api.database import Connection
from services.api.parameters import Body, Query
from services.api.problems import Refused, not_found
from services.api.queries import connections, syncs
from services.api.stripe_problems import (
    NOT_CONNECTED,
    SEVERAL_CONNECTIONS,
    sync_is_over,
    sync_is_running,
    sync_too_soon,
)


class SyncBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`initial`: everything, payments of 90 days; `full`: everything; `recent`: the last seven days; `reconcile`: what
    the streams say is compared with Stripe, and what differs is put right."""

    mode: Literal["initial", "recent", "full", "reconcile"]
    connection: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class SyncsQuery(Query, frozen=True, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


async def start_sync(asked: Asked) -> web.Response:
    """Ask for a run. Raises Refused: (409) while one is not finished, (429) within a minute of the last."""
    body = await asked.body(SyncBody)
    async with asked.database.writing(asked.project) as connection:
        chosen = await _chosen(connection, asked.project, body.connection)
        unfinished = await syncs.running(connection, asked.project, chosen)
        if unfinished is None and (seconds := await syncs.seconds_to_wait(connection, asked.project, chosen)):
            raise Refused(sync_too_soon(seconds))
        run, is_new = await syncs.ask_by_hand(connection, asked.project, chosen, body.mode)
    if not is_new:
        raise Refused(sync_is_running(run))
    return answer({"run": run}, HTTPStatus.ACCEPTED)


async def cancel_sync(asked: Asked) -> web.Response:
    """Call a run off; what it published stays. Raises Refused (409) where it is over."""
    asked.query(Query)
    identifier = asked.path("run")
    async with asked.database.writing(asked.project) as connection:
        was_open = await syncs.cancel(connection, asked.project, identifier)
        found = await syncs.run(connection, asked.project, identifier)
    if found is None:
        raise Refused(not_found(f"sync {identifier}"))
    if not was_open and found["state"] != "cancelled":
        raise Refused(sync_is_over(found))
    return answer({"run": found})


async def sync_run(asked: Asked) -> web.Response:
    """One run with the state of each resource."""
    asked.query(Query)
    identifier = asked.path("run")
    async with asked.database.reading(asked.project) as connection:
        found = await syncs.run(connection, asked.project, identifier)
    if found is None:
        raise Refused(not_found(f"sync {identifier}"))
    return answer({"run": found})


async def sync_list(asked: Asked) -> web.Response:
    """The runs, newest first."""
    query = asked.query(SyncsQuery)
    listing = Listing(asked.project, "syncs", SyncsQuery())
    after = asked.parts.cursors.position(listing, query.cursor)
    async with asked.database.reading(asked.project) as connection:
        found = await syncs.page(connection, asked.project, after, query.limit + 1)
    shown = found[: query.limit]
    more = None
    if len(found) > query.limit:
        last, asked_at = shown[-1]
        more = asked.parts.cursors.after(listing, Position(asked_at.isoformat(), str(last["id"])))
    return answer({"data": [run for run, _ in shown], "next_cursor": more})


async def _chosen(connection: Connection, project: str, named: str | None) -> str:
    """The connection to read: the one named, or the only one there is. Raises Refused."""
    found = [each.id for each in await connections.readable(connection, project)]
    if named is not None and named not in found:
        raise Refused(not_found(f"connection {named} with a key"))
    if not found:
        raise Refused(NOT_CONNECTED)
    if named is None and len(found) > 1:
        raise Refused(SEVERAL_CONNECTIONS)
    return named or found[0]
