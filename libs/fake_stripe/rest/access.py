"""Who may call: keys, what each may read, how often, and which account is meant."""

import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

from libs.fake_stripe.rest.problems import StripeProblem

SECRET_KEY = "sk_test_fake"  # noqa: S105 - made up
RESTRICTED_KEY = "rk_test_fake"
# Keys of a platform: each names a connected account in Stripe-Account, and sees nothing without it.
PLATFORM_KEYS = frozenset({"sk_test_platform", "sk_live_platform"})


@dataclass(slots=True)
class Access:
    """The keys, each with the paths that it may read (None is all), and the rate limit."""

    keys: dict[str, frozenset[str] | None] = field(default_factory=lambda: {SECRET_KEY: None, RESTRICTED_KEY: None})
    # Requests within any second; None is without limit.
    rate_limit: int | None = None
    recent: deque[float] = field(default_factory=deque)
    # Whether the platform may read the account.
    connected: bool = False

    def admit(self, request: web.Request, account: str) -> None:
        """Let a request through, or raise StripeProblem with 401, 403 or 429."""
        key = key_of(request)
        is_platform = key in PLATFORM_KEYS
        if key not in self.keys and not is_platform:
            raise StripeProblem(401, f"Invalid API Key provided: {_hidden(key)}")
        asked_account = request.headers.get("Stripe-Account", "" if is_platform else account)
        if asked_account != account or (is_platform and not self.connected):
            raise StripeProblem(
                403,
                f"The provided key '{_hidden(key)}' does not have access to account '{asked_account}' (or that "
                "account does not exist). Application access may have been revoked.",
                "account_invalid",
            )
        self._limit_rate()
        self._check_permission(key, request.path)

    def _limit_rate(self) -> None:
        now = time.monotonic()
        while self.recent and self.recent[0] <= now - 1:
            self.recent.popleft()
        if self.rate_limit is not None and len(self.recent) >= self.rate_limit:
            raise StripeProblem(429, "Request rate limit exceeded.", "rate_limit")
        self.recent.append(now)

    def _check_permission(self, key: str, path: str) -> None:
        allowed = self.keys.get(key)
        resource = path.removeprefix("/v1/").partition("/")[0]
        if allowed is not None and resource not in allowed:
            raise StripeProblem(
                403,
                f"The provided key '{_hidden(key)}' does not have the required permissions for this endpoint. "
                f"Having the 'rak_{resource.rstrip('s')}_read' permission would allow this request to continue.",
            )


def key_of(request: web.Request) -> str:
    """Read the key from bearer or basic authorization; raises StripeProblem without one."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[0]
        except (NotBase64, UnicodeDecodeError):
            pass
    raise StripeProblem(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization header, using "
        "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    )


def _hidden(key: str) -> str:
    return f"{key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"
