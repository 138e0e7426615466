"""The whole system on a fake account, for tests that push, kill and compare."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
from aiokafka import AIOKafkaConsumer

from deploy.stack import StackSettings
from libs.cli.api_client import ApiRefused
from libs.cli.comparison import Comparison, Difference, compare
from libs.cli.demo_account import DemoAccount
from libs.cli.demo_project import ConnectedProject, connected_project
from libs.cli.system import System, SystemSettings, running_system
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.signature import sign
from libs.fake_stripe.webhooks import Deliverer, DeliverySettings
from libs.runtime.kafka import new_consumer
from libs.wire.codec import decode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import is_published
from libs.wire.topics import STRIPE_EVENTS

AGREE_SECONDS = 90.0
DAYS = 34  # long enough for the asked events to be in the past when all were played


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene plays: its folder, and the servers that it uses."""

    home: Path
    kafka_bootstrap: str
    database_url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How a webhook was answered, and after how long."""

    status: int
    retry_after: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A running system, a connected project, and the account behind it."""

    system: System
    project: ConnectedProject
    account: DemoAccount

    def webhooks(self, seed: int = 1) -> Deliverer:
        """Deliveries to this project: repeated and out of order."""
        return Deliverer(
            DeliverySettings(
                url=self.project.webhook_url,
                secrets=(self.project.webhook_secret,),
                seed=seed,
                repeats=0.1,
                reorder_within=30,
                concurrency=32,
            )
        )

    @asynccontextmanager
    async def poster(self) -> AsyncIterator[Callable[[Json], Awaitable[Answer]]]:
        """A function that posts one signed event once and tells how that was answered."""
        async with aiohttp.ClientSession() as session:

            async def post(event: Json) -> Answer:
                body = orjson.dumps(event)
                header = sign(body, (self.project.webhook_secret,), int(time.time()))
                began = time.monotonic()
                async with session.post(
                    self.project.webhook_url, data=body, headers={"Stripe-Signature": header}
                ) as answer:
                    await answer.read()
                    return Answer(answer.status, answer.headers.get("Retry-After"), time.monotonic() - began)

            yield post


@asynccontextmanager
async def scene(place: Place, name: str, events: int, customers: int) -> AsyncIterator[Scene]:
    """Start everything, connect an empty account to the project `name`, then let it live through so many events.

    So it is the webhooks that tell what happened, not the sync that follows the connection.
    """
    account = DemoAccount(seed=11, customers=customers, days=DAYS)
    async with account.fake.serve() as stripe_url:
        stack = StackSettings(
            place.home, kafka_bootstrap=place.kafka_bootstrap, database_url=place.database_url, durable=False
        )
        environment = {"STRIPE_API_BASE": stripe_url, "STRIPE_CONNECT_BASE": stripe_url}
        settings = SystemSettings(stack=stack, environment=environment)
        async with running_system(settings) as system, connected_project(system, name, account.fake) as project:
            await until_synced(project)
            await asyncio.to_thread(play, account.fake.engine, HistorySpec(seed=11, customers=customers, events=events))
            account.catch_up()
            yield Scene(system, project, account)


async def until_synced(project: ConnectedProject) -> None:
    """Wait for the end of the sync that connecting started."""
    async with asyncio.timeout(AGREE_SECONDS):
        while True:
            [run] = (await project.api.get("/api/integrations/stripe/syncs"))["data"]
            if run["state"] not in ("queued", "running"):
                assert run["state"] == "succeeded", run
                return
            await asyncio.sleep(0.2)


async def agreement(scene: Scene) -> Comparison:
    """The comparison as soon as API and account agree; the last one, for the test to show, if they never do."""
    deadline = asyncio.get_running_loop().time() + AGREE_SECONDS
    while True:
        comparison = await _comparison(scene)
        if comparison.is_equal or asyncio.get_running_loop().time() > deadline:
            return comparison
        await asyncio.sleep(0.5)


async def _comparison(scene: Scene) -> Comparison:
    try:
        return await compare(scene.project.api, scene.account)
    except ApiRefused as refused:
        if refused.status != 503:
            raise
        return Comparison({}, {}, 0, 0, (Difference("the API is not there yet", {}, {}),))


async def events_on_topic(bootstrap: str, project: str) -> set[str]:
    """The ids of all events that `stripe.events` holds for a project."""
    consumer: AIOKafkaConsumer = new_consumer(bootstrap, STRIPE_EVENTS.name)
    await consumer.start()
    try:
        partitions = list(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        found: set[str] = set()
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                ours = [record for record in records if (record.key or b"").startswith(f"{project}/".encode())]
                found |= {read.event_id for read in (decode(one.value, StripeRecord) for one in ours) if read.event_id}
        return found
    finally:
        await consumer.stop()


def published(events: Iterable[Json]) -> set[str]:
    """The ids of those events that ingest passes on; the others it acknowledges and ignores."""
    return {event["id"] for event in events if is_published(event["type"])}
