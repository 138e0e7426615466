"""`/api/webhook-endpoints/{id}/deliveries`: what was sent, what came back, and once more."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import asyncpg
import msgspec
from aiohttp import web

from services.api.answers import answer
from services.api.asked import Asked
from services.api.cursors import Listing, Position
from services.api.deliveries.spreading import new_delivery_id
from services.api.handlers.webhook_endpoints import existing, require_enabled
from services.api.parameters import Query
from services.api.problems import Refused, not_found
from services.api.queries import deliveries
from services.api.queries.deliveries import DeliveryFound


class LogQuery(Query, frozen=True, kw_only=True):
    state: Literal["pending", "delivered", "failed"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


async def delivery_list(asked: Asked) -> web.Response:
    """A page of deliveries, newest first, each with its body and every attempt's answer."""
    query = asked.query(LogQuery)
    async with asked.database.reading(asked.project) as connection:
        endpoint = (await existing(asked, connection)).id
        terms = msgspec.structs.replace(query, cursor=None, limit=1)
        listing = Listing(asked.project, f"deliveries:{endpoint}", terms)
        after = asked.parts.cursors.position(listing, query.cursor)
        found = await deliveries.page(connection, asked.project, endpoint, query.state, after, query.limit + 1)
        shown = found[: query.limit]
        attempts = await deliveries.attempts(connection, asked.project, [each.id for each in shown])
    more = len(found) > query.limit
    position = Position(shown[-1].created_at.isoformat(), shown[-1].id) if more else None
    data = [content(each, attempts[each.id]) for each in shown]
    next_cursor = None if position is None else asked.parts.cursors.after(listing, position)
    return answer({"data": data, "next_cursor": next_cursor})


async def redeliver(asked: Asked) -> web.Response:
    """Send a delivery once more, at once: the same body under the same message id."""
    delivery, new_id = asked.path("delivery"), new_delivery_id()
    async with asked.database.writing(asked.project) as connection:
        held = await existing(asked, connection)
        require_enabled(held)
        again = (new_id, datetime.now(UTC))
        if not await deliveries.redeliver(connection, asked.project, held.id, delivery, again):
            raise Refused(not_found(f"delivery {delivery}"))
    return answer({"delivery": new_id}, HTTPStatus.ACCEPTED)


def content(found: DeliveryFound, attempts: list[asyncpg.Record]) -> dict[str, object]:
    """A delivery as the log shows it. `message_id` is the webhook-id that the receiver saw."""
    return {
        "id": found.id,
        "message_id": found.change_id,
        "kind": found.kind,
        "client": found.lane or None,
        "state": found.state,
        "created_at": found.created_at,
        "next_attempt_at": found.next_attempt_at,
        "finished_at": found.finished_at,
        "redelivery_of": found.redelivery_of,
        "body": msgspec.Raw(found.body),
        "attempts": [
            {name: row[name] for name in ("number", "attempted_at", "milliseconds", "status", "answer", "error")}
            for row in attempts
        ],
    }
