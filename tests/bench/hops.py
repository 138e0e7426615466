"""Where the time goes between a webhook and its signal: the times at which the records on the way were written."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import orjson
from aiokafka import AIOKafkaConsumer

from libs.domain.risk import SignalRule
from libs.runtime.kafka import new_consumer
from libs.wire.codec import decode, decode_activity
from libs.wire.records import InvoiceActivity, SignalRecord, StripeRecord
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY, STRIPE_EVENTS
from tests.bench.figures import percentile

Stamps = dict[str, float]


@dataclass(frozen=True, slots=True)
class Hops:
    """When the first record of each invoice's failure was written to each topic, by the machine's monotonic clock."""

    events: Stamps = field(default_factory=dict)
    activity: Stamps = field(default_factory=dict)
    signals: Stamps = field(default_factory=dict)

    def told(self, due: Mapping[str, float], heard: Mapping[str, float]) -> str:
        """Each step's median and 99th percentile in milliseconds, for those that were `due`, in words."""
        chain = {"due": due, "event": self.events, "activity": self.activity, "signal": self.signals, "heard": heard}
        steps = (f"{one} to {after} {_step(chain[one], chain[after], due)}" for one, after in pairwise(chain))
        return "by the records' times, p50/p99 ms: " + ", ".join(steps)


async def hops(bootstrap: str) -> Hops:
    """Read the three topics from their beginning to their present end."""
    found, ahead = Hops(), time.time() - time.monotonic()
    readers: dict[str, tuple[Callable[[bytes], str | None], Stamps]] = {
        STRIPE_EVENTS.name: (_event, found.events),
        CLIENT_ACTIVITY.name: (_activity, found.activity),
        CHURN_SIGNALS.name: (_signal, found.signals),
    }
    async with new_consumer(bootstrap, *readers) as consumer:
        partitions = list(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            await _read(consumer, readers, ahead)
    return found


async def _read(
    consumer: AIOKafkaConsumer, readers: Mapping[str, tuple[Callable[[bytes], str | None], Stamps]], ahead: float
) -> None:
    for records in (await consumer.getmany(timeout_ms=200)).values():
        for record in records:
            read, stamps = readers[record.topic]
            invoice = read(record.value)
            if invoice is not None:
                stamps.setdefault(invoice, record.timestamp / 1000 - ahead)


def _event(value: bytes) -> str | None:
    record = decode(value, StripeRecord)
    if record.type != "invoice.payment_failed":
        return None
    invoice: str = orjson.loads(bytes(record.object))["id"]
    return invoice


def _activity(value: bytes) -> str | None:
    activity = decode_activity(value)
    if not isinstance(activity, InvoiceActivity) or activity.outcome != "failed":
        return None
    return activity.invoice


def _signal(value: bytes) -> str | None:
    signal = decode(value, SignalRecord)
    return signal.invoice if signal.rule == SignalRule.PAYMENT_FAILED else None


def _step(before: Mapping[str, float], after: Mapping[str, float], wanted: Mapping[str, float]) -> str:
    taken = [1000 * (after[name] - before[name]) for name in wanted if name in before and name in after]
    return f"{percentile(taken, 0.5):.0f}/{percentile(taken, 0.99):.0f}" if taken else "–"
