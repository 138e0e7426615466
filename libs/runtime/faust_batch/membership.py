"""Does the broker still count this worker in? One that was frozen past its session must not write over its heirs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Clocks: TypeAlias = Callable[[], tuple[float, float]]


class MembershipLost(RuntimeError):
    """The group went on without this worker: others own its partitions, so the worker stops and starts again."""


def both_clocks() -> tuple[float, float]:
    """Monotonic and wall time: the first stands still while a machine sleeps, the second may be set back."""
    return time.monotonic(), time.time()


@dataclass(slots=True)
class Proof:
    """The last time at which the broker was asked something that it answers to members only, and did."""

    valid_seconds: float
    clocks: Clocks = both_clocks
    _asked: tuple[float, float] = (float("-inf"), float("-inf"))

    def renew(self, asked: tuple[float, float]) -> None:
        """The broker has answered what it was asked at `asked`: the session runs from there."""
        self._asked = asked

    def is_valid(self) -> bool:
        """True while the session can't have ended, whatever happened to this process."""
        return max(now - then for now, then in zip(self.clocks(), self._asked, strict=True)) < self.valid_seconds
