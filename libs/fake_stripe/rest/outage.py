"""Failures on demand: what a caller must survive."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from aiohttp import web

from libs.fake_stripe.rest.problems import StripeProblem

Mode = Literal["none", "error_500", "rate_limit_429", "slow", "cut_body", "revoked", "drift", "storm"]
STORM: tuple[Mode, ...] = ("error_500", "rate_limit_429", "slow", "cut_body")


@dataclass(slots=True)
class Outage:
    """What goes wrong with which share of the calls, and for how many more of them (None is for ever).

    A storm is any of the passing failures. `reason` is what a 429 gives as its own, `version` the one that answers
    drift to, whatever version the call names.
    """

    mode: Mode = "none"
    share: float = 1.0
    calls: int | None = None
    slow_seconds: float = 30.0
    reason: str = "global-rate"
    version: str = "2024-06-20"
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - dice, not a secret

    def strike(self) -> Mode:
        """What hits this call; counts it if anything does."""
        if self.mode == "none" or self.calls == 0 or self.random.random() >= self.share:
            return "none"
        if self.calls is not None:
            self.calls -= 1
        return self.random.choice(STORM) if self.mode == "storm" else self.mode

    async def before(self, mode: Mode) -> None:
        """Fail the call before it is answered; raises StripeProblem."""
        match mode:
            case "error_500":
                raise StripeProblem(500, "Something went wrong on our end.")
            case "rate_limit_429":
                raise StripeProblem(429, "Request rate limit exceeded.", "rate_limit")
            case "revoked":
                raise StripeProblem(401, "Expired API Key provided.", "api_key_expired")
            case "slow":
                await asyncio.sleep(self.slow_seconds)
            case "cut_body" | "drift" | "storm" | "none":
                pass

    async def cut(self, request: web.Request, answer: web.Response) -> web.StreamResponse:
        """Promise a whole body, send half of it, and hang up."""
        body = bytes(answer.body) if isinstance(answer.body, bytes) else b""
        half = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(body))})
        half.content_type = "application/json"
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
        if request.transport:
            request.transport.close()
        return half
