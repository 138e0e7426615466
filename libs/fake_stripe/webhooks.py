"""Delivers events as Stripe does: signed, at least once, in no certain order, until somebody says 2xx."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType

import aiohttp
import orjson

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.signature import sign


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Where events go, how they are signed, and how unkind the delivery is."""

    url: str
    secrets: tuple[str, ...]
    seed: int = 1
    # How many extra copies of an event are likely: 0.3 is three extra in ten.
    repeats: float = 0.0
    # By how many places an event may come too early or too late.
    reorder_within: int = 0
    concurrency: int = 16
    # Requests a second; None is as fast as they are answered.
    rate: float | None = None
    first_retry_seconds: float = 0.2
    longest_retry_seconds: float = 5.0
    timeout_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The first 2xx for an event: when, and after how many requests."""

    at: float
    attempts: int


@dataclass(slots=True)
class DeliveryReport:
    """What happened so far."""

    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict)
    # Requests by status; 0 is no answer at all.
    answers: Counter[int] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)


def delivery_order(events: Iterable[Json], settings: DeliverySettings) -> list[Json]:
    """Take events in their own order, give them repeated and out of order, the same for the same seed."""
    random = Random(settings.seed)  # noqa: S311 - unkindness, not a secret
    placed: list[tuple[float, int, Json]] = []
    for place, event in enumerate(events):
        placed += [
            (place + random.uniform(-1, 1) * settings.reorder_within, len(placed) + copy, event)
            for copy in range(1 + _extra_copies(random, settings.repeats))
        ]
    return [event for _, _, event in sorted(placed, key=lambda each: each[:2])]


def _extra_copies(random: Random, repeats: float) -> int:
    return int(repeats) + (random.random() < repeats % 1)


class Deliverer:
    """Posts events to one endpoint while its context is open."""

    def __init__(self, settings: DeliverySettings, render: Callable[[Json], Json] | None = None) -> None:
        self._settings = settings
        self._render = render or (lambda event: event)
        self._random = Random(settings.seed)  # noqa: S311 - jitter, not a secret
        self._waiting: asyncio.Queue[Json] = asyncio.Queue()
        self._next_slot = 0.0
        self.report = DeliveryReport()

    async def __aenter__(self) -> "Deliverer":
        connector = aiohttp.TCPConnector(limit=self._settings.concurrency)
        timeout = aiohttp.ClientTimeout(total=self._settings.timeout_seconds)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._settings.concurrency)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._session.close()

    def enqueue(self, event: Json) -> None:
        """Deliver an event, perhaps repeatedly, as soon as a connection is free."""
        for _ in range(1 + _extra_copies(self._random, self._settings.repeats)):
            self._waiting.put_nowait(event)

    async def deliver(self, events: Iterable[Json]) -> DeliveryReport:
        """Deliver events, repeated and reordered; come back when each has been acknowledged."""
        for event in delivery_order(events, self._settings):
            self._waiting.put_nowait(event)
        return await self.drain()

    async def drain(self) -> DeliveryReport:
        """Wait until all that was enqueued has been acknowledged; raises what stopped a worker."""
        drained = asyncio.create_task(self._waiting.join())
        try:
            await asyncio.wait({drained, *self._workers}, return_when=asyncio.FIRST_COMPLETED)
            for worker in self._workers:
                if worker.done():
                    await worker
        finally:
            drained.cancel()
        return self.report

    async def _work(self) -> None:
        while True:
            event = await self._waiting.get()
            await self._until_acknowledged(event)
            self._waiting.task_done()

    async def _until_acknowledged(self, event: Json) -> None:
        body = orjson.dumps(self._render(event))
        failures = 0
        while True:
            await self._own_slot()
            status = await self._post(body)
            self.report.answers[status] += 1
            self.report.attempts[event["id"]] += 1
            if 200 <= status < 300:
                break
            failures += 1
            await asyncio.sleep(self._backoff(failures))
        first = Acknowledgement(time.time(), self.report.attempts[event["id"]])
        self.report.acknowledged.setdefault(event["id"], first)

    async def _post(self, body: bytes) -> int:
        header = sign(body, self._settings.secrets, int(time.time()))
        headers = {
            "Stripe-Signature": header,
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            async with self._session.post(self._settings.url, data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def _own_slot(self) -> None:
        if self._settings.rate is None:
            return
        now = asyncio.get_running_loop().time()
        slot = max(now, self._next_slot)
        self._next_slot = slot + 1 / self._settings.rate
        await asyncio.sleep(slot - now)

    def _backoff(self, failures: int) -> float:
        longest = min(self._settings.longest_retry_seconds, self._settings.first_retry_seconds * 2**failures)
        return self._random.uniform(longest / 2, longest)
