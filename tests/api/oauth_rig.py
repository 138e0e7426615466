"""An API with a platform account, in front of a merchant's Stripe, as a browser goes through both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import asyncpg

from libs.runtime.health import Readiness
from libs.stripe_gateway import Platform
from services.api.edge import Address, site
from services.api.site import application
from tests.api.calling import Answer, Api
from tests.stripe_gateway.merchants import Merchant

PATH = "/api/integrations/stripe"
CALLBACK = f"{PATH}/callback"
PLATFORM_KEY = "sk_test_platform"
TOKEN, DEAUTHORIZE = "/oauth/token", "/oauth/deauthorize"


@dataclass(frozen=True)
class OAuthRig:
    """`api` calls with an admin key of the project `acme`."""

    api: Api
    merchant: Merchant

    @property
    def platform(self) -> Platform:
        assert self.api.parts.platform is not None
        return self.api.parts.platform

    async def begun(self, caller: Api | None = None) -> str:
        """The address at Stripe that a new attempt sends the owner to."""
        answer = await (caller or self.api).get(f"{PATH}/start")
        assert answer.status == 200
        return str(answer.field("url"))

    async def agreed(self, url: str) -> dict[str, str]:
        """What Stripe sends the owner back with, once it was asked."""
        async with self.api.session.get(url, allow_redirects=False) as answer:
            back = urlsplit(answer.headers["Location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == f"{self.api.parts.public_url}{CALLBACK}"
        return {name: values[0] for name, values in parse_qs(back.query).items()}

    async def back(self, returned: dict[str, str], key: str | None = None, **headers: str) -> Answer:
        """The owner comes back: without a key, as from a browser."""
        path = f"{CALLBACK}?{urlencode(returned)}"
        return await self.api.with_key(key).call("GET", path, headers=headers, allow_redirects=False)

    async def connected(self) -> Answer:
        """The whole way."""
        return await self.back(await self.agreed(await self.begun()))

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """What is stored, of all projects."""
        connection = await asyncpg.connect(self.api.database_url)
        try:
            await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
            found: list[asyncpg.Record] = await connection.fetch(query, *values)
            return found
        finally:
            await connection.close()

    async def audited(self) -> list[tuple[str, Any]]:
        """What the audit log tells, in order: the action and the subject. The test's own keys are left out."""
        rows = await self.rows("SELECT action, subject FROM audit_log WHERE action <> 'key.created' ORDER BY number")
        return [(row["action"], row["subject"]) for row in rows]


@asynccontextmanager
async def oauth_rig(api: Api, merchant: Merchant) -> AsyncIterator[OAuthRig]:
    """`api` again, with this merchant's Stripe and a platform behind it."""
    async with merchant.served() as stripe:
        platform = Platform("ca_fake", PLATFORM_KEY, stripe.base, seconds=0.3)
        parts = replace(api.parts, stripe=stripe, platform=platform, public_url="http://127.0.0.1:8080")
        async with site(application(parts, Readiness()), Address("127.0.0.1", 0)) as port:
            yield OAuthRig(replace(api, url=f"http://127.0.0.1:{port}", parts=parts), merchant)
