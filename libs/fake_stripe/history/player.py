"""Plays customers' lives against an account, from a seed."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from libs.fake_stripe.calendar import DAY
from libs.fake_stripe.engine import Engine
from libs.fake_stripe.history.actions import Player, act, arrive
from libs.fake_stripe.history.catalogue import stock
from libs.fake_stripe.history.filler import fill_with_single_events
from libs.fake_stripe.lifecycle import advance_once

_MONTH = 30 * DAY
# More than any single action or timer emits, so that an exact number of events is never overrun.
_MARGIN = 60


@dataclass(frozen=True, slots=True)
class HistorySpec:
    """How many customers live how long; `events` asks for exactly so many events instead of an end."""

    seed: int = 1
    customers: int = 50
    months: int = 6
    events: int | None = None
    # Mean days between two things that one customer does.
    pace_days: float = 21.0


def play(engine: Engine, spec: HistorySpec) -> None:
    """Play a history that ends after the asked months, or with exactly the asked number of events.

    Raises ValueError when the customers' arrival alone takes more events than asked for.
    """
    for _ in steps(engine, spec):
        pass


def steps(engine: Engine, spec: HistorySpec) -> Iterator[int]:
    """The same in steps: give the account's second after each thing that a customer did."""
    return _Play(engine, spec).steps()


class _Play:
    def __init__(self, engine: Engine, spec: HistorySpec) -> None:
        self._engine = engine
        self._spec = spec
        self._random = Random(spec.seed)  # noqa: S311 - a history, not a secret
        self._first_event = len(engine.world.events)
        self._start = engine.world.now
        self._due: list[tuple[int, int, Player | None]] = []
        self._order = 0

    def steps(self) -> Iterator[int]:
        shelves = stock(self._engine)
        for second in self._arrivals():
            self._at(second, None)
        end = self._start + self._spec.months * _MONTH
        arrived = 0
        while self._due and (self._spec.events is not None or self._due[0][0] <= end):
            second, _, player = heapq.heappop(self._due)
            if not self._advance(second):
                break
            if player is None:
                player = arrive(self._engine, Random(f"{self._spec.seed}/{arrived}"), shelves)  # noqa: S311
                arrived += 1
            else:
                act(self._engine, player)
            self._at(second + self._pause(), player)
            yield self._engine.world.now
        self._finish(end, arrived)
        yield self._engine.world.now

    def _finish(self, end: int, arrived: int) -> None:
        if self._spec.events is None:
            self._engine.advance_clock(max(end, self._engine.world.now))
            return
        if arrived < self._spec.customers:
            raise ValueError(
                f"{self._spec.events} events are too few for {self._spec.customers} customers: "
                f"only {arrived} had arrived; ask for more events or fewer types of them"
            )
        fill_with_single_events(self._engine, self._left())

    def _arrivals(self) -> list[int]:
        days = self._spec.months * 30 / 2 if self._spec.events is None else 3
        return [self._start + int(self._random.uniform(0, days * DAY)) for _ in range(self._spec.customers)]

    def _pause(self) -> int:
        return int(self._random.expovariate(1 / (self._spec.pace_days * DAY))) + 1

    def _at(self, second: int, player: Player | None) -> None:
        self._order += 1
        heapq.heappush(self._due, (second, self._order, player))

    def _advance(self, second: int) -> bool:
        """Move the clock; give False when so few events are left that only single ones may follow."""
        while self._has_room():
            if not advance_once(self._engine.world, second):
                return self._has_room()
        return False

    def _has_room(self) -> bool:
        return self._spec.events is None or self._left() > _MARGIN

    def _left(self) -> int:
        asked = self._spec.events or 0
        return asked - (len(self._engine.world.events) - self._first_event)
