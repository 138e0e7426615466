"""`/api/keys`: keys of the caller's project. A key is shown once, when it is made."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import web

from libs.runtime.api_keys import KeyRequest, Scope, issue
from services.api.answers import answer, nothing
from services.api.asked import Asked
from services.api.audit import Action, audit, entry
from services.api.parameters import Body, Query
from services.api.problems import FieldError, Refused, bad_body, not_found
from services.api.queries import keys

Label = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]


class KeyBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`expires_at` with its time zone; left out, the key lives until it is revoked."""

    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=4)]
    label: Label = "API key"
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


async def key_list(asked: Asked) -> web.Response:
    """The project's keys, without what opens the door."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        found = await keys.keys(connection, asked.project)
    return answer({"data": found, "next_cursor": None})


async def make_key(asked: Asked) -> web.Response:
    """A new key. Raises Refused (400) for one that would be dead from the start."""
    body = await asked.body(KeyBody)
    request = KeyRequest(asked.project, body.label, body.scopes, _end_of(body))
    async with asked.database.writing(asked.project) as connection:
        issued = await issue(connection, request)
        told = {"scopes": body.scopes, "label": body.label, "prefix": issued.prefix}
        await audit(connection, entry(asked, Action.KEY_CREATED, issued.id, **told))
    content = {
        "id": issued.id,
        "key": issued.key,
        "prefix": issued.prefix,
        "scopes": issued.scopes,
        "label": body.label,
        "expires_at": body.expires_at,
        "project": issued.project,
    }
    return answer(content, HTTPStatus.CREATED)


async def revoke_key(asked: Asked) -> web.Response:
    """End a key's life: at once here, within half a minute in other processes."""
    key = asked.path("key")
    async with asked.database.writing(asked.project) as connection:
        if not await keys.revoke_key(connection, asked.project, key):
            raise Refused(not_found(f"key {key}"))
        await audit(connection, entry(asked, Action.KEY_REVOKED, key))
    asked.parts.access.forget(key)
    return nothing()


def _end_of(body: KeyBody) -> datetime | None:
    if body.expires_at is None:
        return None
    if body.expires_at <= datetime.now(UTC):
        raise Refused(bad_body([FieldError("expires_at", "lies in the past")]))
    try:
        return body.expires_at.astimezone(UTC)
    except OverflowError as error:
        raise Refused(bad_body([FieldError("expires_at", "is out of range")])) from error
