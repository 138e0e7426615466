"""Connect's OAuth: a platform asks, the merchant agrees or not, a code is redeemed once, the connection is ended."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

import orjson
from aiohttp import web

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rest.access import PLATFORM_KEYS, Access, key_of
from libs.fake_stripe.rest.outage import Outage
from libs.fake_stripe.rest.problems import StripeProblem
from libs.fake_stripe.world import World

CLIENT_ID = "ca_fake"
CODE_SECONDS = 300
DEAUTHORIZED = "account.application.deauthorized"
SCOPES = frozenset({"read_only", "read_write"})


@dataclass(slots=True)
class Code:
    """What the merchant agreed to, and when."""

    scope: str
    made_at: int
    is_used: bool = False


@dataclass(slots=True)
class OAuth:
    """One platform in front of one account.

    `decision` is what the merchant says when asked; `granted_scope` and `granted_livemode` make the token say
    something else than what was asked for; `outage` strikes the token and deauthorize calls alone.
    """

    world: World
    access: Access
    client_id: str = CLIENT_ID
    decision: Literal["approve", "deny"] = "approve"
    granted_scope: str | None = None
    granted_livemode: bool | None = None
    outage: Outage = field(default_factory=Outage)
    codes: dict[str, Code] = field(default_factory=dict)
    # Every token answer that was given.
    tokens: list[Json] = field(default_factory=list)

    def add_routes(self, app: web.Application) -> None:
        """Add Connect's three addresses."""
        app.router.add_get("/oauth/authorize", self._authorize)
        app.router.add_post("/oauth/token", self._token)
        app.router.add_post("/oauth/deauthorize", self._deauthorize)

    def revoke(self) -> None:
        """The merchant ends the connection in its dashboard; a Connect endpoint hears of it."""
        if self.access.connected:
            self.access.connected = False
            self.world.emit(DEAUTHORIZED, {"id": self.client_id, "object": "application", "name": "revstream"})

    async def _authorize(self, request: web.Request) -> web.Response:
        """What the browser gets after the merchant's click; a wrong question stays at Stripe."""
        asked = request.query
        scope = asked.get("scope", "read_only")
        if asked.get("client_id") != self.client_id or asked.get("response_type") != "code" or scope not in SCOPES:
            return _refused(400, "invalid_request", "No application matches the supplied client identifier")
        if self.decision == "deny":
            told = {"error": "access_denied", "error_description": "The user denied your request"}
        else:
            told = {"scope": scope, "code": self.agreed(scope)}
        if "state" in asked:
            told["state"] = asked["state"]
        back = f"{asked.get('redirect_uri', 'https://platform.example')}?{urlencode(told)}"
        return web.Response(status=302, headers={"Location": back})

    def agreed(self, scope: str = "read_only") -> str:
        """The merchant agrees; gives the code that the platform may redeem."""
        code = self.world.ids.new("ac")
        self.codes[code] = Code(scope, self.world.now)
        return code

    async def _token(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        if asked.get("grant_type") != "authorization_code":
            return _refused(400, "unsupported_grant_type", "This grant type is not supported")
        code = self.codes.get(str(asked.get("code")))
        if code is None:
            return _refused(400, "invalid_grant", f"Authorization code does not exist: {asked.get('code')}")
        if code.is_used:
            self.access.connected = False
            return _refused(400, "invalid_grant", "This authorization code has already been used: tokens are revoked")
        if self.world.now - code.made_at > CODE_SECONDS:
            return _refused(400, "invalid_grant", "Authorization code expired")
        code.is_used = self.access.connected = True
        self.tokens.append(self._token_of(code))
        return _json(self.tokens[-1])

    def _token_of(self, code: Code) -> Json:
        livemode = self.world.settings.livemode if self.granted_livemode is None else self.granted_livemode
        mode = "live" if livemode else "test"
        return {
            "access_token": f"sk_{mode}_{self.world.ids.new('token')}",
            "livemode": livemode,
            "refresh_token": f"rt_{self.world.ids.new('token')}",
            "token_type": "bearer",
            "stripe_publishable_key": f"pk_{mode}_{self.world.ids.new('token')}",
            "stripe_user_id": self.world.settings.account,
            "scope": self.granted_scope or code.scope,
        }

    async def _deauthorize(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        account = self.world.settings.account
        if asked.get("client_id") != self.client_id or asked.get("stripe_user_id") != account:
            return _refused(401, "invalid_client", "No such application or account")
        if not self.access.connected:
            told = f"This application is not connected to stripe account {account}, or that account does not exist."
            return _refused(401, "invalid_client", told)
        self.revoke()
        return _json({"stripe_user_id": account})

    async def _asked(self, request: web.Request) -> Json:
        """The form of a call with the platform's key; raises StripeProblem for another's, and in an outage."""
        struck = self.outage.strike()
        if key_of(request) not in PLATFORM_KEYS:
            raise StripeProblem(401, "Invalid API Key provided.")
        await self.outage.before(struck)
        return dict(await request.post())


def _refused(status: int, error: str, description: str) -> web.Response:
    return _json({"error": error, "error_description": description}, status)


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
