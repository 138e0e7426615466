"""`GET /api/mrr/explain?client=&at=`: why a client's figure is what it is, down to the item and the event."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from aiohttp import web

from libs.wire.codec import decode
from libs.wire.contribution_codec import exact_amount, exact_text
from libs.wire.records import ClientRecord
from services.api.answers import answer
from services.api.asked import Asked
from services.api.explaining import Explanation, Question, explain
from services.api.freshness import freshness
from services.api.money import by_currency, total
from services.api.parameters import Query
from services.api.problems import FieldError, Refused, bad_query, not_found
from services.api.queries import projects, versions
from services.api.sharing import shared


class ExplainQuery(Query, frozen=True, kw_only=True):
    """`at` with its time zone; left out, now."""

    client: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


@shared
async def explain_client(asked: Asked) -> web.Response:
    """Why a client's figure is what it is, down to the item and the event. Raises Refused (404)."""
    query = asked.query(ExplainQuery)
    async with asked.database.reading(asked.project) as connection:
        policy = (await projects.settings(connection, asked.project)).policy()
        found = await versions.of_client(connection, asked.project, query.client)
        fresh = await freshness(connection)
    if found is None:
        raise Refused(not_found(f"client {query.client}"))
    question = Question(found, policy, query.at, datetime.now(UTC))
    # A client may have thousands of versions: other requests go on meanwhile.
    try:
        explained = await asyncio.to_thread(explain, question)
    except OverflowError as error:
        raise Refused(bad_query([FieldError("at", "is out of range")])) from error
    day = explained.at.date()
    content = {
        **fresh.fields(),
        "client": query.client,
        "at": explained.at,
        "livemode": found.livemode,
        "mrr": total(explained.totals, policy, day),
        **_amounts(explained),
        "subscriptions": explained.subscriptions,
        "incomplete": _incomplete(explained),
        "caused_by": explained.caused_by,
        "unreadable_records": explained.unreadable,
    }
    return answer(content | ({} if query.at is not None else _held(found.record, explained)))


def _amounts(explained: Explanation) -> dict[str, object]:
    side_by_side = by_currency(explained.totals)
    return {"mrr_by_currency": side_by_side["by_currency"], "exact_by_currency": side_by_side["exact"]}


def _incomplete(explained: Explanation) -> list[dict[str, object]]:
    return [
        {"subscription": each["subscription"], "reason": reason}
        for each in explained.subscriptions
        for reason in _texts(each["incomplete"])
    ]


def _texts(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _held(raw: bytes | None, explained: Explanation) -> dict[str, object]:
    """The figure that the clients' page shows, and whether this explanation adds up to it exactly."""
    amounts = {} if raw is None else decode(raw, ClientRecord).exact_by_currency
    held = {code: exact_amount(text) for code, text in amounts.items()}
    codes = held.keys() | explained.totals.keys()
    agrees = all(held.get(code, 0) == explained.totals.get(code, 0) for code in codes)
    return {"shown": {code: exact_text(exact) for code, exact in sorted(held.items())}, "agrees": agrees}
