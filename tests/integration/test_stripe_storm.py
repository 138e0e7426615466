"""Stripe answering with 429, 500, time-outs and cut bodies for minutes, over two ingest processes at work."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest
from aiohttp import ClientSession

from libs.fake_stripe.changes import SetQuantity
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.worth import Appraisal
from libs.runtime.crypto import Keyring, credential_place, generate_key
from libs.wire.codec import encode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import key_of
from libs.wire.topics import STRIPE_EVENTS
from tests.ingest.fakes import body_of, signature
from tests.ingest.stripe_rig import SCOPE
from tests.integration.ingest_rig import Ingest, records_of, running_ingest, with_project
from tests.mrr.in_memory import MemoryRecord, Stream, instant
from tests.stripe_gateway.merchants import Merchant

KEYS = generate_key()
LIMIT = 20
KEY = "rk_test_fake"
ADD = """
INSERT INTO connections (project, id, account, livemode, state, credential, key_id)
VALUES ($1, 'con_1', $2, $3, 'active', $4, $5)
"""
ASK = "INSERT INTO sync_runs (project, id, connection, mode, state) VALUES ($1, 'syn_1', 'con_1', 'initial', 'queued')"
LISTS = {"subscriptions": "subscription", "customers": "customer", "prices": "price"}
STATES = "SELECT name, state, rows FROM sync_resources WHERE project = $1"


@dataclass
class Storm:
    """A connected merchant whose Stripe is not well, and two processes that read it."""

    merchant: Merchant
    connection: "asyncpg.Connection[asyncpg.Record]"
    processes: tuple[Ingest, Ingest]
    session: ClientSession
    sent: int = 0
    refused: list[int] = field(default_factory=list)
    at_first: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.at_first = {name: len(self.merchant.fake.objects(kind)) for name, kind in LISTS.items()}

    @property
    def project(self) -> str:
        return self.processes[0].project

    async def webhooks(self) -> None:
        """Deliver all events since the last time, by turns to both processes."""
        for event in self.merchant.fake.events[self.sent :]:
            body = body_of(event)
            headers = {"Stripe-Signature": signature(body, at=int(time.time()))}
            async with self.session.post(self.processes[self.sent % 2].url, data=body, headers=headers) as answer:
                if answer.status != 200:
                    self.refused.append(answer.status)
            self.sent += 1

    async def run_state(self) -> str:
        state: str = await self.connection.fetchval("SELECT state FROM sync_runs WHERE project = $1", self.project)
        return state

    async def wrong_successes(self) -> list[str]:
        """Lists that are said to be read and are not."""
        rows = await self.connection.fetch(STATES, self.project)
        read = {row["name"]: row["rows"] for row in rows if row["state"] == "succeeded"}
        return [name for name, count in self.at_first.items() if read.get(name, count) < count]

    async def settled(self) -> bool:
        """Whether the run is over and nothing waits to be read again."""
        waiting = await self.connection.fetchval("SELECT count(*) FROM refetches WHERE project = $1", self.project)
        return waiting == 0 and await self.run_state() not in ("queued", "running")

    def most_calls_in_a_second(self) -> int:
        times = [at for at, _ in self.merchant.fake.server.calls]
        return max(
            sum(begin <= each < begin + 1 for each in times[place : place + 100]) for place, begin in enumerate(times)
        )


def populated() -> Merchant:
    merchant = Merchant()
    merchant.fake.server.outage.slow_seconds = 2.0
    for number in range(220):
        customer = merchant.engine.create_customer(f"owner@c{number}.example")["id"]
        lines, coupons = (12 if number % 20 == 0 else 1), ((merchant.coupon,) if number % 3 == 0 else ())
        price = merchant.tiered if number % 2 else merchant.plain
        merchant.subscribe(lines, *coupons, customer=customer, price=price)
    return merchant


def change(merchant: Merchant, number: int) -> None:
    """What goes on at a merchant: a change of a subscription and a new one, a second after the last."""
    merchant.engine.advance_clock(merchant.fake.clock.now + 1)
    subscriptions = merchant.fake.objects("subscription")
    held: Json = subscriptions[number * 7 % len(subscriptions)]
    item = held["items"]["data"][0]["id"]
    merchant.engine.update_subscription(held["id"], SetQuantity(item, 20 + number), proration="none")
    if number % 4 == 0:
        merchant.subscribe(1, merchant.coupon, customer=merchant.engine.create_customer()["id"])


@pytest.fixture
async def storm(kafka_bootstrap: str, database: str, project: str) -> AsyncIterator[Storm]:
    await with_project(database, KEYS, project)
    merchant = populated()
    async with merchant.served() as api, connected(database, project) as connection, ClientSession() as session:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
            "DATABASE_URL": database,
            "REVSTREAM_ENCRYPTION_KEYS": KEYS,
            "STRIPE_API_BASE": api.base,
            "STRIPE_READS_PER_SECOND": str(LIMIT),
            "STRIPE_REQUEST_SECONDS": "1",
        }
        async with running_ingest(environment, project) as one, running_ingest(environment, project) as other:
            for process in (one, other):
                await process.ready_within(30)
            yield Storm(merchant, connection, (one, other), session, sent=len(merchant.fake.events))


@asynccontextmanager
async def connected(database: str, project: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """The project's account is connected by a restricted key."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
        sealed = Keyring.parse(KEYS).encrypt(KEY.encode(), credential_place(project, "con_1"))
        await connection.execute(ADD, project, *SCOPE[1:], sealed.data, sealed.key_id)
        yield connection
    finally:
        await connection.close()


def worth(merchant: Merchant, records: Sequence[StripeRecord]) -> object:
    stream = Stream(now=instant(merchant.fake))
    stream.feed([MemoryRecord(STRIPE_EVENTS.name, n, key_of(each), encode(each)) for n, each in enumerate(records)])
    return stream.worth()


def truth(merchant: Merchant) -> object:
    appraised = Appraisal(merchant.fake.world.store, merchant.fake.clock.now).by_customer()
    found = {f"customer:{customer}": {c: a for c, a in each.items() if a} for customer, each in appraised.items()}
    return {client: amounts for client, amounts in found.items() if amounts}


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_a_storm_of_failures_passes_by_itself_and_the_state_is_exact(
    storm: Storm, kafka_bootstrap: str, full: bool
) -> None:
    merchant, outage = storm.merchant, storm.merchant.fake.server.outage
    outage.mode, outage.share = "storm", 0.9
    await storm.connection.execute(ASK, storm.project)
    end, number = time.monotonic() + (300 if full else 12), 0
    while time.monotonic() < end:
        number += 1
        change(merchant, number)
        await storm.webhooks()
        assert await storm.wrong_successes() == []
        await asyncio.sleep(0.25)
    assert storm.refused == []
    outage.mode = "none"
    async with asyncio.timeout(150 if full else 60):
        while not await storm.settled():
            change(merchant, 0)  # Stripe's clock goes on
            await asyncio.sleep(0.5)
    await storm.webhooks()
    assert await storm.run_state() == "succeeded"
    assert LIMIT / 2 <= storm.most_calls_in_a_second() <= LIMIT
    assert worth(merchant, await records_of(kafka_bootstrap, storm.project)) == truth(merchant)
    assert all(process.process.returncode is None for process in storm.processes)
