"""The stream without Kafka: the fake Stripe's events through ingest's records and both stages, in this process."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

import orjson

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.json_types import Json
from libs.runtime.faust_batch import Record, StageResult
from libs.wire import stripe_event
from libs.wire.codec import decode, encode
from libs.wire.contribution_codec import exact_amount
from libs.wire.records import ClientRecord, MovementRecord
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS, REVENUE_MOVEMENTS, STRIPE_EVENTS
from services.mrr.clients import ClientStage
from services.mrr.customers import CustomerStage
from services.mrr.mapping import Clients
from services.mrr.policies import Policies

ORIGIN = stripe_event.Origin(project="acme", account="acct_1", livemode=True)


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """What a stage reads of a record."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    partition: int = 0
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


def catalogue_of(fake: FakeStripe) -> stripe_event.Catalogue:
    """All prices with tiers, coupons with their products, and discounts, as Stripe's API would tell them."""
    store, catalogue = fake.world.store, stripe_event.Catalogue()
    for price in store.all("price"):
        catalogue.learn({**price, **({"tiers": store.tiers[price["id"]]} if price["id"] in store.tiers else {})})
    discounted = [event["data"]["object"] for event in fake.events if event["type"] == "customer.discount.created"]
    for discount in discounted:
        coupon = store.recall("coupon", discount["source"]["coupon"])
        catalogue.learn({**coupon, "applies_to": store.applies_to.get(coupon["id"], {"products": None})})
        catalogue.learn(discount)
    return catalogue


def stripe_records(events: Iterable[Json], catalogue: stripe_event.Catalogue) -> list[MemoryRecord]:
    """What ingest publishes for these events."""
    parsed = (stripe_event.envelope(orjson.dumps(event)) for event in events)
    records = (
        stripe_event.to_record(event, ORIGIN, catalogue) for event in parsed if stripe_event.is_published(event.type)
    )
    return [
        MemoryRecord(STRIPE_EVENTS.name, offset, stripe_event.key_of(record), encode(record))
        for offset, record in enumerate(records)
    ]


@dataclass
class Stream:
    """Both stages with their tables, and a reader; `feed` runs records through, in rounds of random size.

    The reader keeps of each movement the record with the highest revision, and forgets those that are deleted.
    """

    now: datetime
    seed: int = 1
    customers: dict[bytes, bytes] = field(default_factory=dict)
    clients: dict[bytes, bytes] = field(default_factory=dict)
    revenue: dict[str, ClientRecord] = field(default_factory=dict)
    told: dict[str, MovementRecord] = field(default_factory=dict)
    activity: list[MemoryRecord] = field(default_factory=list)
    most: int = 400
    followed: int = 0

    def __post_init__(self) -> None:
        self.policies = Policies()
        self.directory = Clients()
        self.by_customer = CustomerStage(self.policies, self.directory, lambda: self.now, epoch=1)
        self.by_client = ClientStage(self.policies, lambda: self.now, epoch=1)

    def feed(self, records: Sequence[MemoryRecord]) -> None:
        dice = random.Random(self.seed)
        start = 0
        while start < len(records):
            size = dice.randint(1, self.most)
            self.feed_result(self.by_customer.compute(records[start : start + size], self.customers))
            start += size

    def feed_result(self, result: StageResult) -> None:
        """Let the second stage read what the first one gave."""
        told = self.published(result)
        remember(self.customers, result)
        self.follow(told)

    def published(self, result: StageResult) -> list[MemoryRecord]:
        """What the first stage gave, on its topic."""
        first = len(self.activity)
        outputs = [output for output in result.outputs if output[0] == CLIENT_ACTIVITY.name]
        self.activity += [
            MemoryRecord(topic, first + place, key, value) for place, (topic, key, value, _) in enumerate(outputs)
        ]
        return self.activity[first:]

    def follow(self, told: Sequence[Record]) -> None:
        """The second stage's round, and its reader."""
        self.followed = len(self.activity)
        result = self.by_client.compute(told, self.clients)
        self.read(result)
        remember(self.clients, result)

    def read(self, result: StageResult) -> None:
        """What a reader of both topics makes of it."""
        for topic, key, value, _ in result.outputs:
            self.take(topic, key, value)

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """One record of either topic."""
        if topic == REVENUE_CLIENTS.name and value is None:
            self.revenue.pop((key or b"").partition(b"/")[2].decode(), None)
        elif topic == REVENUE_CLIENTS.name:
            record = decode(value or b"", ClientRecord)
            if record.client not in self.revenue or record.revision >= self.revenue[record.client].revision:
                self.revenue[record.client] = record
        else:
            assert topic == REVENUE_MOVEMENTS.name
            movement = decode(value or b"", MovementRecord)
            if movement.id not in self.told or movement.revision >= self.told[movement.id].revision:
                self.told[movement.id] = movement

    def wake(self) -> None:
        """Whatever the clock, the settings or the directory changed: look at every entry again."""
        self.feed_result(self.by_customer.recheck(list(self.customers), self.customers))
        result = self.by_client.recheck(list(self.clients), self.clients)
        self.read(result)
        remember(self.clients, result)

    def worth(self) -> dict[str, dict[str, Fraction]]:
        """MRR above 0 by client and currency, exact."""
        return {
            client: amounts
            for client, record in self.revenue.items()
            if (amounts := {c: exact_amount(text) for c, text in record.exact_by_currency.items() if text != "0"})
        }

    def movements(self) -> list[MovementRecord]:
        """The ledger as the reader has it, oldest first."""
        standing = (one for one in self.told.values() if not one.deleted)
        return sorted(standing, key=_place)


def _place(one: MovementRecord) -> tuple[object, ...]:
    """Within a second first the rates change, then customers leave and come, then subscriptions change."""
    turn = 0 if one.id.endswith("/fx") else 1 if one.kind == "transfer" else 2
    return one.occurred_at, turn, not one.exact.startswith("-"), one.customer or "", one.id


def remember(table: dict[bytes, bytes], result: StageResult) -> None:
    """Apply a stage's changes to its table."""
    for key, value in result.changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value


def instant(fake: FakeStripe) -> datetime:
    """The fake's present time."""
    return datetime.fromtimestamp(fake.clock.now, UTC)
