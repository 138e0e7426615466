"""`GET /api/integrations/stripe/callback`: the owner of an account comes back from Stripe, with a code or without.

The state says for which project; it is used up before anything else happens, and the code is redeemed in one request.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from libs.runtime.audit_log import Action, AuditEntry, audit
from libs.stripe_gateway import Grant, Platform, StripeRefused, StripeRejected, StripeUnavailable
from libs.stripe_gateway.oauth import redeemed
from services.api import oauth_problems as problems
from services.api.answers import answer
from services.api.asked import Parts
from services.api.oauth_connecting import connected_by
from services.api.parameters import Query
from services.api.problems import Problem, Refused
from services.api.public import Visit, wants_page
from services.api.queries import oauth
from services.api.queries.oauth import Attempt

MOST_CHARACTERS = 500
Short = Annotated[str, msgspec.Meta(max_length=MOST_CHARACTERS)]


class Returned(Query, frozen=True, kw_only=True):
    """What Stripe sends the owner back with: `state`, and either `code` or `error`."""

    state: Short
    code: Short | None = None
    scope: Short | None = None
    error: Short | None = None


async def oauth_callback(visit: Visit) -> web.Response:
    """Connect the account that the code is of. Raises Refused; whatever comes of it, the state works no more."""
    platform = visit.parts.platform
    if platform is None:
        raise Refused(problems.NOT_CONFIGURED)
    returned = returned_with(visit.request)
    attempt = await _taken(visit, returned)
    try:
        grant = await _granted(visit.parts, platform, attempt, returned)
    except Refused as refused:
        await _note_refusal(visit.parts, attempt, returned.state, refused.problem)
        raise
    content = await connected_by(visit.parts, platform, attempt, grant)
    await _end(visit.parts, returned.state, "connected")
    return _shown(visit, content)


def returned_with(request: web.Request) -> Returned:
    """The parameters that matter; others may come. Raises Refused."""
    given = {name: request.query.getall(name, []) for name in Returned.__struct_fields__}
    if any(len(values) > 1 or any(len(value) > MOST_CHARACTERS for value in values) for values in given.values()):
        raise Refused(problems.MALFORMED)
    found = {name: values[0] if values else None for name, values in given.items()}
    if not found["state"] or bool(found["code"]) == bool(found["error"]):
        raise Refused(problems.MALFORMED)
    try:
        "".join(value for value in found.values() if value).encode()
    except UnicodeEncodeError:  # a lone surrogate
        raise Refused(problems.MALFORMED) from None
    return Returned(state=found["state"], code=found["code"], scope=found["scope"], error=found["error"])


async def _taken(visit: Visit, returned: Returned) -> Attempt:
    """The attempt that the state began. A caller who names a project by a key can't end another project's."""
    authorization = visit.request.headers.get("Authorization")
    project = None if authorization is None else (await visit.parts.access.caller(authorization)).project
    async with visit.parts.database.every_project() as connection:
        attempt = await oauth.take(connection, returned.state, project)
        if attempt is None:
            was = await oauth.is_used(connection, returned.state, project)
            raise Refused(problems.STATE_USED if was else problems.STATE_INVALID)
    return attempt


async def _granted(parts: Parts, platform: Platform, attempt: Attempt, returned: Returned) -> Grant:
    """What the code gives, if all is as it was asked for. Raises Refused."""
    code = _agreed(attempt, returned)
    async with parts.database.every_project() as connection:
        if not await oauth.hold_code(connection, returned.state, code):
            raise Refused(problems.CODE_USED)
    try:
        grant = await redeemed(platform, code)
    except StripeRejected as error:
        raise Refused(problems.code_refused(error)) from None
    except StripeRefused as error:
        raise Refused(problems.platform_refused(error)) from None
    except StripeUnavailable as error:
        raise Refused(problems.outcome_unknown(error)) from None
    wrong = _not_as_asked(attempt, grant)
    if wrong is not None:
        await _give_back(parts, attempt, grant)
        raise Refused(wrong)
    return grant


def _agreed(attempt: Attempt, returned: Returned) -> str:
    """The code, where the owner agreed in time to what was asked for. Raises Refused; nothing was sent to Stripe."""
    if not attempt.is_current:
        raise Refused(problems.STATE_EXPIRED)
    if not attempt.has_key:
        raise Refused(problems.KEY_REVOKED)
    if returned.error is not None or returned.code is None:
        raise Refused(problems.DENIED if returned.error == "access_denied" else problems.ENDED_AT_STRIPE)
    if returned.scope is not None and returned.scope != attempt.scope:
        raise Refused(problems.WRONG_SCOPE)
    return returned.code


def _not_as_asked(attempt: Attempt, grant: Grant) -> Problem | None:
    if grant.livemode != attempt.livemode:
        return problems.WRONG_MODE
    return problems.WRONG_SCOPE if grant.scope != attempt.scope else None


async def _give_back(parts: Parts, attempt: Attempt, grant: Grant) -> None:
    async with parts.database.every_project() as connection:
        await oauth.give_back(connection, attempt.project, "", grant.account)
    parts.given_back.set()


async def _note_refusal(parts: Parts, attempt: Attempt, state: str, problem: Problem) -> None:
    told = AuditEntry(attempt.project, Action.CONNECT_REFUSED, attempt.key, "oauth", {"code": problem.code})
    async with parts.database.every_project() as connection:
        await oauth.end(connection, state, problem.code)
        await audit(connection, told)


async def _end(parts: Parts, state: str, outcome: str) -> None:
    async with parts.database.every_project() as connection:
        await oauth.end(connection, state, outcome)


def _shown(visit: Visit, content: Mapping[str, object]) -> web.Response:
    """JSON, or for a browser the way to the dashboard; the address with the code is told to nobody."""
    if wants_page(visit.request):
        there = f"{visit.parts.public_url.rstrip('/')}/?{urlencode({'connected': str(content['id'])})}"
        shown = web.Response(status=HTTPStatus.SEE_OTHER.value, headers={"Location": there})
    else:
        shown = answer({name: content[name] for name in ("connection", "permissions", "run")})
    shown.headers["Cache-Control"] = "no-store"
    shown.headers["Referrer-Policy"] = "no-referrer"
    return shown
