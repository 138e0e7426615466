"""`GET /api/clients/{id}/timeline`: movements, payments and signals of a client in one order, the newest first."""

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from services.api.answers import figures
from services.api.asked import Asked
from services.api.cursors import Position
from services.api.handlers.client_parts import PartQuery, invoice_content, owned, paged, part
from services.api.handlers.movements import movement_content
from services.api.queries import client_parts, movements
from services.api.queries.client_parts import Event, Owned, Place
from services.api.queries.looks import Look
from services.api.sharing import shared
from services.api.signal_content import signal_content

Content = dict[str, object]


@shared
async def client_timeline(asked: Asked) -> web.Response:
    """A page of all that happened to the client. Raises Refused (404)."""
    query, listing = asked.query(PartQuery), part(asked, "timeline")
    async with asked.database.reading(asked.project) as connection:
        whose, at = await owned(connection, asked)
        after = _place(asked.parts.cursors.position(listing, query.cursor))
        found = await client_parts.timeline(connection, whose, after, query.limit + 1)
        shown = found[: query.limit]
        content = await _told(at, whose, shown)
    last = None
    if len(found) > query.limit:
        last = Position(shown[-1].at.isoformat(), f"{shown[-1].kind} {shown[-1].id}")
    return figures(asked.request, paged(asked, listing, content, last), at.fresh)


def _place(position: Position | None) -> Place | None:
    if position is None:
        return None
    kind, _, identifier = position.id.partition(" ")
    return Place(datetime.fromisoformat(position.value), kind, identifier)


async def _told(look: Look, whose: Owned, events: Sequence[Event]) -> list[Content]:
    """Each event with what is shown of it."""
    entries = await movements.by_id(look.connection, look.scope, _ids(events, "movement"))
    invoices = [*_ids(events, "payment"), *(each.rpartition(":")[0] for each in _ids(events, "payment_failed"))]
    bills = await client_parts.invoices_by_id(look.connection, whose, invoices)
    records = await client_parts.signals_by_id(look.connection, whose, _ids(events, "signal"))
    told: list[Content] = []
    for event in events:
        content: Content = {"at": event.at, "kind": event.kind, "id": event.id}
        if event.kind == "movement":
            content["movement"] = movement_content(entries[event.id], look.policy, look.scope.timezone)
        elif event.kind == "signal":
            content["signal"] = signal_content(decode(records[event.id], SignalRecord))
        else:
            bill = bills.get(event.id.rpartition(":")[0] if event.kind == "payment_failed" else event.id)
            content["invoice"] = None if bill is None else invoice_content(bill)
        told.append(content)
    return told


def _ids(events: Sequence[Event], kind: str) -> list[str]:
    return [each.id for each in events if each.kind == kind]
