"""What the calls so far come to."""

from collections import Counter, deque
from collections.abc import Iterable

from libs.fake_stripe.json_types import Json


def tally(calls: Iterable[tuple[float, str]]) -> Json:
    """How many, of what, how many at most within any second, and in how many seconds all of them."""
    made = list(calls)
    recent: deque[float] = deque()
    most = 0
    for at, _ in made:
        recent.append(at)
        while recent[0] <= at - 1:
            recent.popleft()
        most = max(most, len(recent))
    seconds = made[-1][0] - made[0][0] if made else 0.0
    return {
        "total": len(made),
        "paths": dict(Counter(path for _, path in made)),
        "most_in_a_second": most,
        "seconds": round(seconds, 3),
    }
