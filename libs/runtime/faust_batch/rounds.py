"""Rounds: everything that has arrived meanwhile is handled as one, one round at a time."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import faust
import structlog

from libs.runtime.faust_batch.record import Record

Batches: TypeAlias = Mapping[int, Sequence[Record]]
log = structlog.get_logger(__name__)


class RoundOverdue(RuntimeError):
    """A round was still running long after its partitions had to be given up: the worker must not go on writing."""


@dataclass(frozen=True, slots=True)
class RoundWork:
    """What a round does: with records by partition, or with keys that were submitted; and whom a bug is told.

    `records` says whether what earlier rounds of records changed is safe now; after `settle` all of it is.
    """

    records: Callable[[Batches], Awaitable[bool]]
    keys: Callable[[Sequence[bytes]], Awaitable[None]]
    settle: Callable[[], Awaitable[None]]
    crash: Callable[[BaseException], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RoundLimits:
    """How much waits, how much goes into one round, and how long giving up partitions may take.

    A round of less than `small` is followed by a rest `rest_share` times as long as it took, `rest_seconds` at most:
    what comes meanwhile shares the next one's acknowledgements. Two rounds for each event took more of the broker than
    the rules of us.
    So few `keys` go into one that records never wait long for entries that are looked at again. After `settle_seconds`
    without anything to do all that was changed is made safe.
    """

    waiting_batches: int = 16
    records: int = 4000
    keys: int = 250
    hold_seconds: float = 30.0
    small: int = 200
    rest_seconds: float = 0.006
    rest_share: float = 1.0
    settle_seconds: float = 0.1


class Rounds:
    """Serialises a stage: batches and submitted keys, in rounds, nothing while held.

    Handling all that waits at once is what keeps latency low: with one round per partition it was 161 ms, not 22.
    """

    def __init__(self, work: RoundWork, limits: RoundLimits) -> None:
        self._work, self._limits = work, limits
        self._batches: deque[faust.Event] = deque()
        self._keys: dict[bytes, None] = {}
        self._handled: list[faust.Event] = []
        self._stream: faust.Stream | None = None
        self._room = asyncio.Event()
        self._news = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._held = True
        self._failed = False

    async def consume(self, stream: faust.Stream) -> None:
        """Take batches from the stream for ever; each is acknowledged when what it changed is safe."""
        self._stream = stream
        async for event in stream.noack().events():
            while len(self._batches) >= self._limits.waiting_batches:
                self._room.clear()
                await self._room.wait()
            self._batches.append(event)
            self._start()

    def submit(self, keys: Iterable[bytes]) -> None:
        """Have these table keys looked at in a later round; repeats of a waiting key count once."""
        self._keys.update(dict.fromkeys(keys))
        self._start()

    def release(self) -> None:
        """Partitions are assigned and recovered: rounds may run."""
        self._held = self._failed
        self._start()

    async def hold(self) -> None:
        """Finish the running round, forget the batches that wait (they are read again), start nothing more.

        Raises RoundOverdue if the round does not end in time.
        """
        self._held = True
        self._news.set()
        self._forget_batches()
        if self._running is not None and not self._running.done():
            await asyncio.wait({self._running}, timeout=self._limits.hold_seconds)
            self._forget_batches()
            if not self._running.done():
                self._running.cancel()
                raise RoundOverdue(
                    f"a round still runs {self._limits.hold_seconds} s after its partitions were revoked: stopping"
                )

    def _forget_batches(self) -> None:
        self._batches.clear()
        self._room.set()

    def _start(self) -> None:
        self._news.set()
        if not self._held and (self._running is None or self._running.done()):
            self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while await self._has_more():
                began = time.monotonic()
                handled = await self._key_round() + await self._record_round()
                if handled < self._limits.small:
                    took = time.monotonic() - began
                    await asyncio.sleep(min(took * self._limits.rest_share, self._limits.rest_seconds))
        except Exception as error:  # the loop's edge: nothing may be handled after a lost round
            self._held = self._failed = True
            log.exception("round_failed")
            await self._work.crash(error)

    async def _has_more(self) -> bool:
        """Whether to go on. Before it says no, what rounds have changed is safe."""
        if not self._has_work():
            await self._pause()
        if not self._has_work():
            await self._work.settle()
            await self._acknowledge()
        return self._has_work()

    def _has_work(self) -> bool:
        return not self._held and bool(self._keys or self._batches)

    async def _pause(self) -> None:
        """Until there is something to do, but not for long."""
        if not self._held:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self._limits.settle_seconds)

    async def _key_round(self) -> int:
        keys = list(self._keys)[: self._limits.keys]
        for key in keys:
            del self._keys[key]
        if keys:
            await self._work.keys(keys)
        return len(keys)

    async def _record_round(self) -> int:
        events = [] if self._held else self._next_events()
        if not events:
            return 0
        batches: dict[int, Sequence[Record]] = {}
        for event in events:
            known = batches.get(event.message.partition)
            batches[event.message.partition] = [*known, *event.value] if known else event.value
        if await self._work.records(batches):
            await self._acknowledge()
        self._handled += events
        return sum(map(len, batches.values()))

    async def _acknowledge(self) -> None:
        """All that was handled is safe."""
        safe, self._handled = self._handled, []
        if self._stream is not None:
            for event in safe:
                await self._stream.ack(event)

    def _next_events(self) -> list[faust.Event]:
        events, count = [], 0
        while self._batches and (count == 0 or count + len(self._batches[0].value) <= self._limits.records):
            event = self._batches.popleft()
            events.append(event)
            count += len(event.value)
        self._room.set()
        return events
