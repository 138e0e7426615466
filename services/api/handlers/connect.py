"""`POST /api/integrations/stripe/key`: connect an account by a restricted key that was tried before it is kept."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import web

from libs.stripe_gateway import (
    Budget,
    Findings,
    StripeRefused,
    StripeUnavailable,
    budget_name,
    open_account,
    probed,
)
from services.api.answers import answer
from services.api.asked import Asked
from services.api.audit import Action, audit, entry
from services.api.parameters import Body
from services.api.problems import Refused
from services.api.queries import connections, syncs
from services.api.queries.connections import NewConnection
from services.api.stripe_problems import (
    NO_RESTRICTED_KEY,
    SECRET_KEY,
    STRIPE_AWAY,
    key_not_valid,
    lacks_permissions,
    permissions_content,
)

MODES = {"rk_live_": True, "rk_test_": False}
PREFIX_CHARACTERS = 8


class ConnectBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,250}$")]
    label: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\u0000]*$")] | None = None


async def connect_by_key(asked: Asked) -> web.Response:
    """Try the key, keep it sealed, and ask for the first sync; an account that was connected goes on where it was."""
    body = await asked.body(ConnectBody)
    livemode = _mode_of(body.key)
    findings = await _tried(asked, body.key, livemode)
    if findings.account is None or findings.lacking:
        raise Refused(lacks_permissions(findings))
    permissions = permissions_content(findings)
    new = NewConnection(findings.account, livemode, body.key, body.label, permissions)
    async with asked.database.writing(asked.project) as connection:
        kept = await connections.connect(connection, asked.project, new, asked.parts.keyring)
        run, _ = await syncs.ask(connection, asked.project, kept.id, "initial")
        told = {"account": kept.account, "livemode": livemode, "method": "key"}
        await audit(connection, entry(asked, Action.CONNECTED, kept.id, **told))
    return answer({"connection": kept, "permissions": permissions, "run": run}, HTTPStatus.CREATED)


def _mode_of(key: str) -> bool:
    """Whether the key is of live mode. Raises Refused for what is no restricted key."""
    if key.startswith("sk_"):
        raise Refused(SECRET_KEY)
    livemode = MODES.get(key[:PREFIX_CHARACTERS])
    if livemode is None or len(key) == PREFIX_CHARACTERS:
        raise Refused(NO_RESTRICTED_KEY)
    return livemode


async def _tried(asked: Asked, key: str, livemode: bool) -> Findings:
    budget_of = asked.parts.budget_of

    def budget(account: str) -> Budget | None:
        return None if budget_of is None else budget_of(budget_name(account, livemode))

    try:
        async with open_account(asked.parts.stripe, key) as account:
            return await probed(account, budget)
    except StripeRefused as refused:
        raise Refused(key_not_valid(refused)) from refused
    except StripeUnavailable as error:
        raise Refused(STRIPE_AWAY) from error
