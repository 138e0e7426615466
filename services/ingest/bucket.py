"""How many webhooks a project may send, counted before any of them costs us anything."""

from collections import OrderedDict
from dataclasses import dataclass

MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens that come back each second, and how many there are at most."""

    per_second: float
    burst: float


class Buckets:
    """A token bucket for each name; those not used for longest are forgotten, which can only be kind to them."""

    def __init__(self, rate: Rate, most: int = MOST_BUCKETS) -> None:
        self._rate = rate
        self._most = most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, name: str, now: float) -> bool:
        """Take one token of `name` at `now` (a monotonic clock's seconds); False where there is none."""
        level, at = self._levels.get(name, (self._rate.burst, now))
        level = min(self._rate.burst, level + (now - at) * self._rate.per_second)
        allowed = level >= 1.0
        self._levels[name] = (level - 1.0 if allowed else level, now)
        self._levels.move_to_end(name)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return allowed
