"""`DELETE /api/integrations/stripe`: forget an account's key and stop reading it; what was read stays."""

from typing import Annotated

import msgspec
from aiohttp import web

from services.api.answers import nothing
from services.api.asked import Asked
from services.api.audit import Action, audit, entry
from services.api.parameters import Query
from services.api.problems import Refused, not_found
from services.api.queries import connections
from services.api.stripe_problems import NOT_CONNECTED, SEVERAL_CONNECTIONS


class DisconnectQuery(Query, frozen=True, kw_only=True):
    connection: Annotated[str, msgspec.Meta(max_length=100)] | None = None


async def disconnect(asked: Asked) -> web.Response:
    """End the connection named, or the only one there is. Its unfinished sync is cancelled; history is kept."""
    named = asked.query(DisconnectQuery).connection
    async with asked.database.writing(asked.project) as connection:
        found = await connections.connected(connection, asked.project)
        chosen = named or (found[0] if found else None)
        if chosen is None:
            raise Refused(NOT_CONNECTED)
        if named is None and len(found) > 1:
            raise Refused(SEVERAL_CONNECTIONS)
        if chosen not in found:
            raise Refused(not_found(f"connection {chosen} that is not disconnected"))
        await connections.disconnect(connection, asked.project, chosen)
        await audit(connection, entry(asked, Action.DISCONNECTED, chosen))
    asked.parts.given_back.set()
    return nothing()
