"""How many webhooks a project may send, counted before any of them costs us anything."""

from dataclasses import dataclass

MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens that come back each second, and how many there are at most."""

    per_second: float
    burst: float


class Buckets:
    """A token bucket for each name. With more than `most` of them all start anew, which can only be kind to them."""

    def __init__(self, rate: Rate, most: int = MOST_BUCKETS) -> None:
        self._rate = rate
        self._most = most
        self._levels: dict[str, float] = {}
        self._times: dict[str, float] = {}

    def takes(self, name: str, now: float) -> bool:
        """Take one token of `name` at `now` (a monotonic clock's seconds); False where there is none."""
        before = self._times.get(name)
        if before is None:
            if len(self._times) >= self._most:
                self._levels.clear()
                self._times.clear()
            level = self._rate.burst
        else:
            level = min(self._rate.burst, self._levels[name] + (now - before) * self._rate.per_second)
        self._times[name] = now
        allowed = level >= 1.0
        self._levels[name] = level - 1.0 if allowed else level
        return allowed

    def returns(self, name: str) -> None:
        """Put back the token that was taken last."""
        self._levels[name] = min(self._rate.burst, self._levels.get(name, self._rate.burst) + 1.0)
