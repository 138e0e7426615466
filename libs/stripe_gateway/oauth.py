"""Connect's OAuth: where the merchant is sent, the code redeemed once, and the connection given back.

Redeeming a code twice makes Stripe revoke the connection, so a call of `redeemed` is one request and never tried again.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
import stripe

from libs.stripe_gateway.faults import StripeFault, StripeRefused, StripeRejected, StripeUnavailable

CONNECT = "https://connect.stripe.com"
TOKEN = "/oauth/token"  # noqa: S105 – an address
DEAUTHORIZE = "/oauth/deauthorize"
LIVE_KEYS = ("sk_live_", "rk_live_")
NOT_CONNECTED = "not_connected"
UNAUTHORIZED = 401
FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Platform:
    """Our own account at Stripe: merchants connect to its `client_id`, its key reads them. `seconds`: for one call."""

    client_id: str
    key: str = field(repr=False)
    connect_base: str = CONNECT
    scope: str = "read_only"
    seconds: float = 15.0

    @property
    def livemode(self) -> bool:
        """The mode that accounts are connected in: Stripe wants the key's and the client id's to be the same."""
        return self.key.startswith(LIVE_KEYS)

    def authorize_url(self, state: str, redirect_uri: str) -> str:
        """Where the merchant agrees. What comes back has the same `state`."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "scope": self.scope,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self.connect_base.rstrip('/')}/oauth/authorize?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a redeemed code gave. The tokens in Stripe's answer are deprecated and not kept."""

    account: str
    livemode: bool
    scope: str
    request_id: str | None


async def redeemed(platform: Platform, code: str) -> Grant:
    """Redeem `code`, in one request.

    Raises StripeRejected for a code that Stripe does not take, StripeRefused for the platform's own key, and
    StripeUnavailable where it can't be told whether the code was redeemed: it must not be sent again.
    """
    body, request = await _posted(platform, TOKEN, {"grant_type": "authorization_code", "code": code})
    account, scope, livemode = body.get("stripe_user_id"), body.get("scope"), body.get("livemode")
    if not isinstance(account, str) or not isinstance(scope, str) or not isinstance(livemode, bool):
        raise StripeUnavailable(TOKEN, None, "no_grant", request)
    return Grant(account, livemode, scope, request)


async def deauthorized(platform: Platform, account: str) -> None:
    """End the platform's access to an account; nothing happens where it has none. Raises a StripeFault."""
    try:
        await _posted(platform, DEAUTHORIZE, {"client_id": platform.client_id, "stripe_user_id": account})
    except StripeRejected as error:
        if error.code != NOT_CONNECTED:
            raise


async def _posted(platform: Platform, path: str, fields: Mapping[str, str]) -> tuple[Mapping[str, object], str | None]:
    """Stripe's answer and its name for the call."""
    async with _client(platform) as client:
        try:
            answer = await client.raw_request_async("post", path, base="connect", **fields)
        except stripe.StripeError as error:
            raise _fault(path, error) from None  # its arguments hold the whole answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise StripeUnavailable(path, None, type(error).__name__, None) from None
    if not isinstance(answer.data, dict):
        raise StripeUnavailable(path, answer.code, "not_an_object", answer.request_id)
    return answer.data, answer.request_id


@asynccontextmanager
async def _client(platform: Platform) -> AsyncIterator[stripe.StripeClient]:
    stripe.enable_telemetry = False  # as for reads
    http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=platform.seconds, connect=platform.seconds))
    try:
        yield stripe.StripeClient(
            platform.key,
            base_addresses={"connect": platform.connect_base.rstrip("/")},
            max_network_retries=0,
            http_client=http,
        )
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]  # the SDK's own


def _fault(path: str, error: stripe.StripeError) -> StripeFault:
    """OAuth's own errors have a word; a wrong key of ours is told as for any other call, without one.

    One word stands for an unknown platform and for an account that is not connected to it: only the sentence differs.
    """
    status, code, request = error.http_status, error.code, error.request_id
    if code == "invalid_client" and "is not connected to" in (error.user_message or ""):
        code = NOT_CONNECTED
    if isinstance(error, stripe.oauth_error.OAuthError):
        return StripeRejected(path, status, code, request)
    if status in (UNAUTHORIZED, FORBIDDEN):
        return StripeRefused(path, status, code, request)
    return StripeUnavailable(path, status, code, request)
