"""A whole scene of connecting, webhooks and syncs: no secret of it is in a log, a row, a record or an answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from aiohttp import ClientResponse, ClientSession

from deploy.migrations import upgrade
from libs.fake_stripe.signature import sign
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.crypto import generate_key
from tests.ingest.fakes import body_of, event
from tests.integration.api_rig import RunningApi, running_api
from tests.integration.ingest_rig import Ingest, running_ingest
from tests.integration.secrecy import logs_as_bytes, places_of, records_as_bytes, tables_as_text
from tests.stripe_gateway.merchants import Merchant

STRIPE = "/api/integrations/stripe"
PLATFORM_KEY = "sk_test_platform"
RESTRICTED = "rk_test_5oMeLoNgReStRiCtEdKeY"
WRONG_KEY = "rk_test_wR0nGoNeThAtStRiPeReFuSeS"
SECRET_KEY = "sk_live_n0b0dyShouldEverSendThis"
SIGNING = ("whsec_f1rstSigningSecret0000", "whsec_sec0ndSigningSecret0000")
KEYS = generate_key()


@dataclass
class Scene:
    """Running services, a merchant, and every secret and answer so far."""

    api: RunningApi
    ingest: Ingest
    merchant: Merchant
    session: ClientSession
    key: str
    secrets: list[str]
    answers: dict[str, bytes] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """Call the API; the answer is kept, headers too."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        url = f"http://127.0.0.1:{self.api.port}{path}"
        async with self.session.request(method, url, json=body, headers=headers, **options) as answer:
            content = await answer.read()
            self._keep(f"{method} {path.partition('?')[0]} {answer.status}", content, str(answer.headers))
            return await answer.json(content_type=None) if content else None

    async def webhook(self, secret: str) -> None:
        """Send one event, signed now."""
        async with self.posted(body_of(event(livemode=False, created=int(time.time()))), secret) as answer:
            self._keep(f"webhook {answer.status}", await answer.read(), str(answer.headers))

    def posted(self, body: bytes, secret: str) -> AbstractAsyncContextManager[ClientResponse]:
        """The answer to a webhook with this body."""
        headers = {"Stripe-Signature": sign(body, (secret,), int(time.time()))}
        return self.session.post(self.ingest.url, data=body, headers=headers)

    async def through_stripe(self) -> dict[str, str]:
        """What the owner comes back from Stripe with; its state and code are secrets too."""
        url = (await self.call("GET", f"{STRIPE}/start"))["url"]
        async with self.session.get(url, allow_redirects=False) as answer:
            returned = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        self.secrets += [returned["state"], returned["code"]]
        return returned

    async def back(self, returned: dict[str, str]) -> Any:
        return await self.call("GET", f"{STRIPE}/callback?{urlencode(returned)}")

    async def finished(self, run: str) -> str:
        """The state that a sync ends in."""
        async with asyncio.timeout(30):
            while True:
                found: dict[str, Any] = (await self.call("GET", f"{STRIPE}/syncs/{run}"))["run"]
                if found["state"] not in ("queued", "running"):
                    return str(found["state"])
                await asyncio.sleep(0.1)

    def _keep(self, name: str, content: bytes, headers: str) -> None:
        # The address of /start holds the state that it is for, and is shown to nobody else.
        if "/start " not in f"{name} ":
            self.answers[f"answer {len(self.answers)} to {name}"] = content + headers.encode()


@pytest.fixture
async def scene(kafka_bootstrap: str, database: str, project: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """api and ingest as they really run, at debug level, beside a merchant with one subscription."""
    await upgrade(database)
    issued = await issue_at(database, KeyRequest(project, "test", [Scope.ADMIN]))
    secrets = [PLATFORM_KEY, RESTRICTED, WRONG_KEY, SECRET_KEY, *SIGNING, KEYS.partition(":")[2], issued.key]
    async with _running(kafka_bootstrap, database, project, tmp_path) as running, ClientSession() as session:
        yield Scene(*running, session, issued.key, secrets)


@asynccontextmanager
async def _running(
    bootstrap: str, database: str, project: str, folder: Path
) -> AsyncIterator[tuple[RunningApi, Ingest, Merchant]]:
    merchant = Merchant()
    merchant.subscribe()
    merchant.fake.server.access.keys[RESTRICTED] = None
    async with AsyncExitStack() as stack:
        stripe = await stack.enter_async_context(merchant.served())
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DATABASE_URL": database,
            "REVSTREAM_ENCRYPTION_KEYS": KEYS,
            "STRIPE_API_BASE": stripe.base,
            "STRIPE_CONNECT_BASE": stripe.base,
            "STRIPE_CLIENT_ID": "ca_fake",
            "STRIPE_SECRET_KEY": PLATFORM_KEY,
            "LOG_LEVEL": "debug",
        }
        logs = [stack.enter_context((folder / f"{name}.log").open("wb")) for name in ("api", "ingest")]
        api = await stack.enter_async_context(running_api(environment, logs[0]))
        ingest = await stack.enter_async_context(running_ingest(environment, project, logs[1]))
        await asyncio.gather(api.ready_within(30), ingest.ready_within(30))
        yield api, ingest, merchant


async def by_key(scene: Scene) -> None:
    """Keys that are refused, one that connects, a sync, and a key that Stripe takes back."""
    await scene.call("POST", f"{STRIPE}/key", {"key": SECRET_KEY})
    await scene.call("POST", f"{STRIPE}/key", {"key": WRONG_KEY})
    await scene.call("POST", f"{STRIPE}/key", {"key": RESTRICTED, "unknown": SECRET_KEY})
    connected = await scene.call("POST", f"{STRIPE}/key", {"key": RESTRICTED, "label": "shop"})
    assert await scene.finished(connected["run"]["id"]) == "succeeded"
    del scene.merchant.fake.server.access.keys[RESTRICTED]
    again = await scene.call("POST", f"{STRIPE}/sync", {"mode": "full"})
    assert await scene.finished(again["run"]["id"]) == "failed"


async def by_oauth(scene: Scene) -> None:
    """Agreed to, replayed, forged, and redeemed without an answer."""
    first = await scene.through_stripe()
    assert (await scene.back(first))["connection"]["state"] == "active"
    await scene.back(first)
    second = await scene.through_stripe()
    await scene.back({**second, "code": first["code"]})
    await scene.back({"state": "forged", "code": second["code"]})
    third = await scene.through_stripe()
    scene.merchant.fake.server.oauth.outage = replace(scene.merchant.fake.server.oauth.outage, mode="error_500")
    assert (await scene.back(third))["code"] == "oauth_outcome_unknown"
    await ended_at_stripe(scene)
    tokens = scene.merchant.fake.server.oauth.tokens
    scene.secrets += [each[name] for each in tokens for name in ("access_token", "refresh_token")]


async def ended_at_stripe(scene: Scene) -> None:
    """The owner ends our access in its dashboard: the endpoint hears of it, the status shows it."""
    fake = scene.merchant.fake
    fake.server.oauth.revoke()
    told = {**fake.events[-1], "account": fake.world.settings.account, "created": int(time.time()) + 1}
    async with scene.posted(body_of(told), SIGNING[1]) as answer:
        assert await answer.json() == {"received": True, "ignored": "deauthorized"}
    (connection,) = (await scene.call("GET", f"{STRIPE}/status"))["connections"]
    assert (connection["state"], connection["error"]["code"]) == ("revoked", "access_revoked")


async def by_webhook(scene: Scene) -> None:
    """Two secrets, one of them revoked later; good and bad signatures."""
    for secret in SIGNING:
        await scene.call("POST", f"{STRIPE}/webhook-secrets", {"secret": secret})
    await scene.call("POST", f"{STRIPE}/webhook-secrets", {"secret": f"{SIGNING[0]} "})
    body, second = body_of(event(livemode=False)), SIGNING[1].encode()
    async with asyncio.timeout(10):
        while await scene.ingest.status_of(scene.session, body, second) != 200:  # noqa: ASYNC110 – another process's
            await asyncio.sleep(0.05)
    await scene.webhook(SIGNING[0])
    await scene.webhook("whsec_an0therSecretOfSomebody")


async def test_no_secret_is_in_any_log_row_record_or_answer(
    scene: Scene, kafka_bootstrap: str, database: str, tmp_path: Path
) -> None:
    await by_webhook(scene)
    await by_key(scene)
    await by_oauth(scene)
    for path in ("/api/audit-log", f"{STRIPE}/status", f"{STRIPE}/webhook-secrets", "/api/keys", f"{STRIPE}/syncs"):
        await scene.call("GET", path)
    await scene.call("DELETE", STRIPE)
    assert await scene.ingest.stop() == 0
    assert await scene.api.stop() == 0
    rows, records = await tables_as_text(database), await records_as_bytes(kafka_bootstrap)
    logs = logs_as_bytes(tmp_path)
    for name, content in (("table connections", rows), ("table audit_log", rows), ("topic stripe.events", records)):
        assert content[name], f"{name} holds nothing: the scene proves nothing"
    assert all(logs.values())
    assert len(scene.answers) > 15
    assert len(set(scene.secrets)) > 12
    assert places_of(scene.secrets, {**rows, **records, **logs, **scene.answers}) == []


def test_secret_that_is_somewhere_is_found() -> None:
    secret = "rk_live_1234567890"
    left = {"a": b"nothing", "b": b'{"key": "rk_live_1234567890"}', "c": secret.encode().hex().encode()}
    assert places_of([secret], left) == ["…567890 in b", "…567890 in c"]
