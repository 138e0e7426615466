"""Signed deliveries: at least once, until acknowledged."""

import asyncio

import pytest
import stripe
from aiohttp import web
from aiohttp.test_utils import TestServer

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.webhooks import Deliverer, DeliverySettings, delivery_order

_SECRETS = ("whsec_old", "whsec_new")


def _events(count: int) -> list[Json]:
    return [{"id": f"evt_{n}", "object": "event", "type": "customer.created"} for n in range(count)]


def _settings(**rest: object) -> DeliverySettings:
    return DeliverySettings(**({"url": "http://nowhere.example", "secrets": _SECRETS} | rest))  # type: ignore[arg-type]


def test_every_event_is_in_the_order_at_least_once() -> None:
    order = delivery_order(_events(200), _settings(repeats=1.5, reorder_within=20))
    assert {event["id"] for event in order} == {f"evt_{n}" for n in range(200)}
    assert 400 <= len(order) <= 600


def test_reordering_stays_within_its_window() -> None:
    order = delivery_order(_events(200), _settings(reorder_within=5))
    moved = [abs(place - int(event["id"][4:])) for place, event in enumerate(order)]
    assert 0 < max(moved) <= 10


def test_the_order_follows_from_the_seed() -> None:
    unkind = _settings(repeats=0.5, reorder_within=9)
    assert delivery_order(_events(50), unkind) == delivery_order(_events(50), unkind)


class _Endpoint:
    """Refuses each event's first deliveries, then accepts; keeps what it took."""

    def __init__(self, refusals: int) -> None:
        self._refusals = refusals
        self.seen: dict[str, int] = {}
        self.signatures: list[tuple[bytes, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.signatures.append((body, request.headers["Stripe-Signature"]))
        event_id = (await request.json())["id"]
        self.seen[event_id] = self.seen.get(event_id, 0) + 1
        return web.Response(status=503 if self.seen[event_id] <= self._refusals else 200)

    def server(self) -> TestServer:
        app = web.Application()
        app.router.add_post("/hook", self.handle)
        return TestServer(app)


async def test_a_refused_event_comes_again_until_it_is_acknowledged() -> None:
    endpoint = _Endpoint(refusals=2)
    async with endpoint.server() as server:
        settings = _settings(url=str(server.make_url("/hook")), first_retry_seconds=0.01)
        async with Deliverer(settings) as deliverer:
            report = await deliverer.deliver(_events(5))
    assert report.answers == {503: 10, 200: 5}
    assert {each.attempts for each in report.acknowledged.values()} == {3}


@pytest.mark.parametrize("secret", _SECRETS)
async def test_stripes_own_verifier_accepts_the_signature_of_any_live_secret(secret: str) -> None:
    endpoint = _Endpoint(refusals=0)
    async with endpoint.server() as server, Deliverer(_settings(url=str(server.make_url("/hook")))) as deliverer:
        await deliverer.deliver(_events(1))
    body, header = endpoint.signatures[0]
    assert stripe.WebhookSignature.verify_header(body.decode(), header, secret, tolerance=300)


async def test_a_dead_endpoint_counts_as_no_answer_and_is_tried_again() -> None:
    endpoint = _Endpoint(refusals=0)
    server = endpoint.server()
    await server.start_server()
    url = str(server.make_url("/hook"))
    await server.close()
    settings = _settings(url=url, first_retry_seconds=0.01, longest_retry_seconds=0.02)
    async with Deliverer(settings) as deliverer:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await deliverer.deliver(_events(1))
    assert deliverer.report.answers[0] > 1
    assert deliverer.report.acknowledged == {}
