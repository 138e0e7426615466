"""A project connected to a fake Stripe account: its key, its webhook secret, its restricted key."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from libs.cli.api_client import ApiClient
from libs.cli.system import System
from libs.fake_stripe import FakeStripe
from libs.runtime.api_keys import KeyRequest, Scope, issue_at

READ_SECONDS = 60.0
LOOK_SECONDS = 0.2
UNREAD = ("queued", "running")


@dataclass(frozen=True, slots=True)
class ConnectedProject:
    """What a person has who set a project up: where its webhooks go, how they are signed, a key to the API."""

    project: str
    key: str
    webhook_url: str
    webhook_secret: str
    api: ApiClient


@asynccontextmanager
async def connected_project(system: System, name: str, fake: FakeStripe) -> AsyncIterator[ConnectedProject]:
    """Make the project, set its webhook secret, connect `fake` by a restricted key of its. Raises ApiRefused."""
    issued = await issue_at(system.servers.database_url, KeyRequest(name, "made by the demo", [Scope.ADMIN]))
    secret = f"whsec_{secrets.token_hex(16)}"
    restricted = f"rk_{'live' if fake.world.settings.livemode else 'test'}_{secrets.token_hex(12)}"
    fake.server.access.keys[restricted] = None  # reads everything
    async with ApiClient(system.api_url, issued.key) as api:
        await api.post("/api/integrations/stripe/webhook-secrets", {"secret": secret})
        made = await api.post("/api/integrations/stripe/key", {"key": restricted, "label": "demo"})
        await _read(api, made["run"]["id"])
        yield ConnectedProject(
            project=name,
            key=issued.key,
            webhook_url=f"{system.ingest_url}/webhooks/stripe/{name}",
            webhook_secret=secret,
            api=api,
        )


async def _read(api: ApiClient, run: str) -> None:
    """Wait for the first sync: what happens from then on is told by webhooks, in the account's own order."""
    async with asyncio.timeout(READ_SECONDS):
        while True:
            if (await api.get(f"/api/integrations/stripe/syncs/{run}"))["run"]["state"] not in UNREAD:
                return
            await asyncio.sleep(LOOK_SECONDS)
