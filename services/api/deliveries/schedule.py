"""When a delivery that failed is tried again, and when an endpoint is given up."""

from datetime import datetime, timedelta

# Eight attempts within 27 h 35 min: what most senders of Standard Webhooks do, so receivers know it.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
JITTER = 0.1
DISABLED_AFTER = timedelta(days=5)


def next_attempt(attempts: int, at: datetime, luck: float) -> datetime | None:
    """When to try again after `attempts` (one or more) that failed, the last one `at`; None: no more.

    `luck` in [0, 1) spreads the waits by a tenth to both sides, so that what failed together does not return together.
    """
    if attempts > len(WAITS):
        return None
    return at + WAITS[attempts - 1] * (1 + JITTER * (2 * luck - 1))


def is_given_up(failing_since: datetime, now: datetime) -> bool:
    """Whether an endpoint where nothing arrived since then is to be left alone."""
    return now - failing_since >= DISABLED_AFTER
