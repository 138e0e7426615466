"""An API with something of everything behind it, and a merchant's Stripe: what examples and fuzzing are sent to."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.api.openapi.examples import CONDITION, ENDPOINT, IMPORTED
from tests.api.builders import (
    client_delivery,
    client_record,
    event_delivery,
    failed_invoice,
    signal_delivery,
    signal_record,
    stripe_record,
)
from tests.api.calling import Answer, Api
from tests.api.oauth_rig import OAuthRig, oauth_rig
from tests.api.test_metrics_page import EXAMPLE
from tests.api.told_scenario import deliveries
from tests.stripe_gateway.merchants import Merchant

STRIPE = "/api/integrations/stripe"
KEY = "rk_live_0123456789abcdef"


@dataclass(frozen=True)
class Filled:
    """`ids` are what stands in paths, by the names of their parts."""

    rig: OAuthRig
    ids: Mapping[str, str]

    @property
    def api(self) -> Api:
        return self.rig.api


@asynccontextmanager
async def filled(api: Api) -> AsyncIterator[Filled]:
    """`api` with a platform and an account connected, and one of everything that a path can name."""
    merchant = Merchant()
    merchant.fake.server.access.keys[KEY] = None
    async with oauth_rig(api, merchant) as rig:
        await _told(rig.api)
        yield Filled(rig, await _made(rig.api))


async def _told(api: Api) -> None:
    """What the streams have said: a month of a whole account, and a customer with a failed payment and a signal."""
    now = datetime.now(UTC)
    await api.holds(
        *deliveries(EXAMPLE),
        client_delivery(client_record(exact={"usd": "98765"})),
        event_delivery(stripe_record()),
        event_delivery(stripe_record("invoice.payment_failed", failed_invoice(), event_id="evt_2", at=now)),
        signal_delivery(signal_record()),
    )


async def _made(api: Api) -> dict[str, str]:
    connected = await _made_by(api, f"{STRIPE}/key", {"key": KEY, "label": "shop"})
    key = await _made_by(api, "/api/keys", {"scopes": ["read"]})
    secret = await _made_by(api, f"{STRIPE}/webhook-secrets", {"secret": "whsec_0123456789abcdef"})
    rule = await _made_by(api, "/api/alert-rules", {"name": "MRR", "condition": CONDITION})
    endpoint = await _made_by(api, "/api/webhook-endpoints", ENDPOINT)
    delivery = await _made_by(api, f"/api/webhook-endpoints/{endpoint['id']}/test", {})
    sent = {"data": IMPORTED, "headers": {"Content-Type": "text/csv"}}
    imported = await api.call("POST", "/api/clients/import?dry_run=true", **sent)
    return {
        "client": "customer:cus_1",
        "customer": "cus_1",
        "alert": "sig_1",
        "name": "mrr",
        "run": connected["run"]["id"],
        "key": key["id"],
        "secret": secret["id"],
        "rule": rule["id"],
        "endpoint": endpoint["id"],
        "delivery": delivery["delivery"],
        "import": imported.field("import", "id"),
    }


async def _made_by(api: Api, path: str, body: object) -> Any:
    answer: Answer = await api.post(path, body)
    assert answer.status in (201, 202), answer.content
    return answer.content
