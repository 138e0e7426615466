"""From a webhook to the API and to the signals, with the whole system running and other webhooks coming in.

It begins as soon as the system is ready and has taken in the account's first sync, so the first minute after a start is
all that is measured. Beside the figures it says what each process took of the processor, and between which records the
time went.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
import orjson

from libs.cli.api_client import ApiClient, ApiRefused
from libs.cli.demo_account import DemoAccount
from libs.cli.demo_project import ConnectedProject
from libs.domain.risk import SignalRule
from libs.fake_stripe.changes import SetQuantity
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.signature import sign
from libs.fake_stripe.specs import ItemSpec, PriceSpec, SubscriptionSpec
from libs.runtime.kafka import new_consumer
from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from libs.wire.stripe_event import is_published
from libs.wire.topics import CHURN_SIGNALS
from tests.bench.cpu import spent, told
from tests.bench.figures import Figure, Say, Scale, percentile
from tests.bench.hops import Stamps, hops
from tests.bench.place import Bench, lived
from tests.bench.settling import settled
from tests.bench.streamed import streamed
from tests.bench.webhooks.load import Load, Sent, generated

PART = "latency"
RATE = 200.0
PROBES_PER_SECOND = 4.0
PROBED_CUSTOMERS = 24
UNIT = 1000
# As close as a client may ask without being the load itself, and less often where answers come late. What is noted is
# too long by half a pause: by 10 ms, or by a tenth.
POLL_SECONDS = 0.02
POLL_SHARE = 0.2
SEEN_WITHIN = 20.0
AFTERWARDS_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Probed:
    """A customer whose subscription changes again and again."""

    customer: str
    subscription: str
    item: str


@dataclass(slots=True)
class Probes:
    """Sends single changes and waits until the API shows each."""

    account: DemoAccount
    project: ConnectedProject
    session: aiohttp.ClientSession
    seconds: list[float] = field(default_factory=list)

    async def deliver(self, event: Json) -> float:
        """Send one webhook; the instant at which that began. Raises for every answer but 200."""
        body = orjson.dumps(event)
        headers = {"Stripe-Signature": sign(body, (self.project.webhook_secret,), int(time.time()))}
        began = time.monotonic()
        async with self.session.post(self.project.webhook_url, data=body, headers=headers) as answer:
            answer.raise_for_status()
        return began

    async def one(self, probed: Probed, quantity: int) -> None:
        """Change a quantity and note how long the API took to show the new figure. Raises TimeoutError."""
        self.account.catch_up()
        self.account.news()
        change = SetQuantity(probed.item, quantity)
        self.account.fake.engine.update_subscription(probed.subscription, change, proration="none")
        (event,) = [each for each in self.account.news() if each["type"] == "customer.subscription.updated"]
        began = await self.deliver(event)
        async with asyncio.timeout(SEEN_WITHIN):
            while await _exact(self.project.api, probed) != {"usd": str(UNIT * quantity)}:  # noqa: ASYNC110 – another process, which has no event
                await asyncio.sleep(max(POLL_SECONDS, POLL_SHARE * (time.monotonic() - began)))
        self.seconds.append(time.monotonic() - began)


async def measure(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """One start of the whole system with a minute of load, for each run."""
    found = [await _run(bench, scale, number, say) for number in range(scale.runs)]
    api, signals, events, answers = (list(each) for each in zip(*found, strict=True))
    load = f"{RATE:.0f} webhooks/s"
    return [
        *_percentiles(f"webhook to /api/clients/{{id}}, {load}", api, ("< 60", "< 200")),
        *_percentiles(f"webhook to churn.signals, {load}", signals, ("< 40", "< 120")),
        *_percentiles(f"webhook to the live stream, {load}", events, ("< 40", "< 120")),
        *_percentiles(f"webhook answered, all running, {load}", answers, ("", "")),
    ]


Latencies = Sequence[float]


async def _run(bench: Bench, scale: Scale, number: int, say: Say) -> tuple[Latencies, Latencies, Latencies, Latencies]:
    requests = scale.count(12_000, 1000)
    # Another account in each run: what a run sends must be news.
    account, past = await lived(requests + requests // 4, requests // 8, seed=number + 1)
    bodies = [orjson.dumps(event) for event in past if is_published(event["type"])][:requests]
    probed = [_customer(account) for _ in range(PROBED_CUSTOMERS)]
    async with bench.connected(account, f"latency-{number}") as (system, project), aiohttp.ClientSession() as session:
        load = Load(project.webhook_url, project.webhook_secret, tuple(bodies), len(bodies), per_second=RATE)
        probes = Probes(account, project, session)
        for event in account.news():
            await probes.deliver(event)
        await settled(system.servers.kafka_bootstrap)
        arrivals = asyncio.create_task(_signals(system.servers.kafka_bootstrap))
        events = asyncio.create_task(streamed(session, system.api_url, project.key))
        before = spent()
        sending = asyncio.create_task(generated(load, bench.home))
        await _probe(probes, probed, sending)
        sent = await sending
        say(told(before, spent(), len(sent)))
        await asyncio.sleep(AFTERWARDS_SECONDS)
        seen, heard = [await _ended(each) for each in (arrivals, events)]
        due = _news(_due(bodies, sent), seen)
        say((await hops(system.servers.kafka_bootstrap)).told(due, heard))
    found, followed = _latencies(due, seen), _latencies(due, heard)
    say(
        f"run {number + 1}: {len(probes.seconds)} probes p50 {percentile(probes.seconds, 0.5) * 1000:.0f} ms, "
        f"p99 {percentile(probes.seconds, 0.99) * 1000:.0f} ms; "
        f"of {len(due)} failures {len(found)} on the topic, {len(followed)} on the stream"
    )
    return probes.seconds, found, followed, [each.answered - each.due for each in sent]


def _customer(account: DemoAccount) -> Probed:
    engine = account.fake.engine
    price = engine.create_price(PriceSpec(unit=str(UNIT)))
    customer = engine.create_customer("probe@customer.example", "Probe")
    made = engine.create_subscription(customer["id"], SubscriptionSpec(items=(ItemSpec(price["id"], 1),)))
    return Probed(customer["id"], made["id"], made["items"]["data"][0]["id"])


async def _probe(probes: Probes, probed: Sequence[Probed], sending: "asyncio.Task[list[Sent]]") -> None:
    """Probe at a steady pace, each customer in turn, until the load is sent."""
    async with asyncio.TaskGroup() as group:
        for number, one in enumerate(itertools.cycle(probed)):
            group.create_task(probes.one(one, 2 + number // len(probed)))
            done, _ = await asyncio.wait({sending}, timeout=1 / PROBES_PER_SECOND)
            if done:
                return


async def _exact(api: ApiClient, probed: Probed) -> object:
    try:
        return (await api.get(f"/api/clients/customer:{probed.customer}"))["exact_by_currency"]
    except ApiRefused as refused:
        if refused.status not in (404, 503):
            raise
        return None


async def _signals(bootstrap: str) -> dict[str, float]:
    """When the first record of each invoice's signal came, until cancelled: then the task's dictionary is final."""
    seen: dict[str, float] = {}
    async with new_consumer(bootstrap, CHURN_SIGNALS.name) as consumer:
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    now = time.monotonic()
                    for record in records:
                        signal = decode(record.value, SignalRecord)
                        if signal.rule == SignalRule.PAYMENT_FAILED:
                            seen.setdefault(signal.invoice or "", now)
        except asyncio.CancelledError:
            return seen


async def _ended(arrivals: "asyncio.Task[dict[str, float]]") -> Stamps:
    arrivals.cancel()
    return await arrivals


def _due(bodies: Sequence[bytes], sent: Sequence[Sent]) -> Stamps:
    """When the first failure of each invoice was to be sent."""
    failed: Stamps = {}
    for each in sorted(sent, key=lambda one: one.due):
        event = orjson.loads(bodies[each.body])
        if event["type"] == "invoice.payment_failed":
            failed.setdefault(event["data"]["object"]["id"], each.due)
    return failed


def _news(due: Stamps, seen: Stamps) -> Stamps:
    """Without the invoices whose failure was known before: the first sync told of it."""
    return {invoice: at for invoice, at in due.items() if seen.get(invoice, at) >= at}


def _latencies(due: Stamps, seen: Stamps) -> Latencies:
    return [seen[invoice] - at for invoice, at in due.items() if invoice in seen]


def _percentiles(name: str, runs: Sequence[Sequence[float]], aims: tuple[str, str]) -> list[Figure]:
    return [
        Figure(PART, f"{name}, p{share * 100:.0f}", "ms", tuple(percentile(run, share) * 1000 for run in runs), aim)
        for share, aim in zip((0.5, 0.99), aims, strict=True)
    ]
