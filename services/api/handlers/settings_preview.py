"""`POST /api/integrations/stripe/settings/preview`: what a change would do to today's MRR. Nothing is changed."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from aiohttp import web

from services.api.answers import answer
from services.api.asked import Asked
from services.api.cursors import Listing
from services.api.handlers.settings import SettingsBody, merged
from services.api.handlers.subscriptions import Content
from services.api.money import total
from services.api.preview_cursor import cursor_of, preview_of
from services.api.previewing import Change, Preview, look_on
from services.api.queries import projects

Cursor = Annotated[str, msgspec.Meta(max_length=100_000)]


class PreviewBody(SettingsBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The change that is thought of. The same one with the `cursor` of the answer before goes on where that ended."""

    cursor: Cursor | None = None


class Terms(msgspec.Struct, frozen=True):
    """What a cursor is good for: the same change to the same settings."""

    body: PreviewBody
    version: int
    livemode: bool


async def preview_settings(asked: Asked) -> web.Response:
    """What a change of the settings would do to today's MRR; nothing is changed. Of many customers some are told of
    first, with a cursor to go on. Raises Refused (400)."""
    body = await asked.body(PreviewBody)
    async with asked.database.reading(asked.project) as connection:
        held = await projects.settings(connection, asked.project)
        livemode = await projects.livemode(connection, asked.project, None)
    terms = Terms(msgspec.structs.replace(body, cursor=None), held.version, livemode)
    listing, cursors = Listing(asked.project, "settings preview", terms), asked.parts.cursors
    found, at = Preview(), datetime.now(UTC)
    if body.cursor is not None:
        found, at = preview_of(cursors, listing, body.cursor)
    change = Change(asked.project, livemode, held.policy(), merged(held, body).policy(), at)
    await look_on(asked.database, change, found)
    return answer(_content(found, change) | {"next_cursor": cursor_of(cursors, listing, found, at)})


def _content(found: Preview, change: Change) -> Content:
    day = change.at.date()
    because = [
        {
            "rule": rule,
            "instead_of": instead_of,
            "subscriptions": count,
            "difference": total(sums, change.after, day),
        }
        for (rule, instead_of), (count, sums) in sorted(found.why.items())
    ]
    return {
        "before": total(found.before, change.before, day),
        "after": total(found.after, change.after, day),
        "changed": sum(count for count, _ in found.why.values()),
        "because": because,
        "customers": found.customers,
        "looked_at": found.looked_at,
        "complete": found.complete,
        "livemode": change.livemode,
    }
