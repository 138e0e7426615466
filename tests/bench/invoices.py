"""Events of which each is one record on `client.activity`, under an id of its own: what is processed twice shows."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import msgspec
import orjson
from aiokafka import AIOKafkaProducer

from libs.runtime.kafka import new_consumer, new_producer
from libs.wire import stripe_event
from libs.wire.codec import decode_activity, encode
from libs.wire.records import InvoiceActivity, StripeRecord
from libs.wire.topics import CLIENT_ACTIVITY, STRIPE_EVENTS
from tests.bench.place import lived

CUSTOMERS = 500
TICK_SECONDS = 0.02


@dataclass(slots=True)
class Seen:
    """Ids on `client.activity`, and how many of its records were repeats."""

    ids: set[str] = field(default_factory=set)
    repeats: int = 0

    def take(self, invoice: str) -> None:
        """One more record."""
        self.repeats += invoice in self.ids
        self.ids.add(invoice)


@dataclass(slots=True)
class Load:
    """A steady stream of paid invoices; `sent` grows while it runs."""

    template: StripeRecord
    per_second: float
    sent: int = 0

    async def run(self, producer: AIOKafkaProducer) -> None:
        """Send until cancelled."""
        begun = time.monotonic()
        for number in count():
            behind = begun + number / self.per_second - time.monotonic()
            if behind > 0:
                await asyncio.sleep(max(behind, TICK_SECONDS))
            record = self._numbered(number)
            await producer.send(STRIPE_EVENTS.name, encode(record), stripe_event.key_of(record))
            self.sent += 1

    def _numbered(self, number: int) -> StripeRecord:
        customer, invoice = f"cus_{number % CUSTOMERS}", f"in_{number}_{time.monotonic_ns()}"
        content = {**orjson.loads(bytes(self.template.object)), "id": invoice, "customer": customer}
        return msgspec.structs.replace(
            self.template, customer=customer, event_id=f"evt_{invoice}", object=msgspec.Raw(orjson.dumps(content))
        )


async def invoice_record() -> StripeRecord:
    """A paid invoice as ingest publishes it."""
    _, past = await lived(400, 40)
    body = next(orjson.dumps(event) for event in past if event["type"] == "invoice.paid")
    origin = stripe_event.Origin(project="restart", account="acct_1", livemode=True)
    return stripe_event.to_record(stripe_event.envelope(body), origin, stripe_event.Catalogue())


@asynccontextmanager
async def flowing(brokers: str, load: Load) -> AsyncIterator[Seen]:
    """While the block runs, the load is sent and what comes out is counted."""
    seen = Seen()
    async with new_producer(brokers) as producer:
        tasks = [asyncio.create_task(load.run(producer)), asyncio.create_task(_watch(brokers, seen))]
        try:
            yield seen
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome


async def _watch(brokers: str, seen: Seen) -> None:
    async with new_consumer(brokers, CLIENT_ACTIVITY.name) as consumer:
        while True:
            for invoice in _invoices(await consumer.getmany(timeout_ms=100)):
                seen.take(invoice)


def _invoices(polled: dict[object, list[object]]) -> Iterator[str]:
    for records in polled.values():
        for record in records:
            activity = decode_activity(record.value)  # type: ignore[attr-defined]  # aiokafka has no types
            if isinstance(activity, InvoiceActivity):
                yield activity.id
