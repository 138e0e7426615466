"""`/api/integrations/stripe/webhook-secrets`: several live at once, so that Stripe's can be rotated."""

import secrets
from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import web

from libs.runtime.crypto import webhook_secret_place
from services.api.answers import answer, nothing
from services.api.asked import Asked
from services.api.audit import Action, audit, entry
from services.api.parameters import Body, Query
from services.api.problems import Refused, not_found
from services.api.queries import keys
from services.api.queries.keys import NewSecret

HINT_CHARACTERS = 4


class SecretBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    secret: Annotated[str, msgspec.Meta(pattern=r"^whsec_[!-~]{8,250}$")]


async def secret_list(asked: Asked) -> web.Response:
    """The live secrets, each by its last characters."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        found = await keys.secrets(connection, asked.project)
    return answer({"data": found, "next_cursor": None})


async def add_secret(asked: Asked) -> web.Response:
    """Take a signing secret as Stripe shows it; webhooks signed with it are let in at once."""
    body = await asked.body(SecretBody)
    row = f"whs_{secrets.token_hex(8)}"
    sealed = asked.parts.keyring.encrypt(body.secret.encode(), webhook_secret_place(asked.project, row))
    new = NewSecret(row, sealed, f"whsec_…{body.secret[-HINT_CHARACTERS:]}")
    async with asked.database.writing(asked.project) as connection:
        await keys.add_secret(connection, asked.project, new)
        await audit(connection, entry(asked, Action.SECRET_ADDED, new.id, hint=new.hint))
    return answer({"id": new.id, "hint": new.hint}, HTTPStatus.CREATED)


async def revoke_secret(asked: Asked) -> web.Response:
    """Let nothing in any more that is signed with this secret."""
    secret = asked.path("secret")
    async with asked.database.writing(asked.project) as connection:
        if not await keys.revoke_secret(connection, asked.project, secret):
            raise Refused(not_found(f"webhook secret {secret}"))
        await audit(connection, entry(asked, Action.SECRET_REVOKED, secret))
    return nothing()
