"""When an account is read next: often in business hours, seldom else, and once each night at a quiet time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

MONDAY_TO_FRIDAY = frozenset(range(5))
WEEK = 7
NIGHT_OPENS, NIGHT_CLOSES = 2, 5


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often, by the clock on a project's wall. `days` count from Monday as 0; `closes` is the hour after the last.

    Without days, or with equal hours, it is never open and `outside` alone counts.
    """

    timezone: str = "UTC"
    days: frozenset[int] = MONDAY_TO_FRIDAY
    opens: int = 9
    closes: int = 18
    inside: timedelta = timedelta(minutes=30)
    outside: timedelta = timedelta(hours=3)

    def is_open(self, at: datetime) -> bool:
        """Whether `at` (aware) lies within business hours."""
        local = at.astimezone(ZoneInfo(self.timezone))
        return local.weekday() in self.days and self.opens <= local.hour < self.closes


def next_run(now: datetime, schedule: Schedule) -> datetime:
    """When to run again after a run at `now` (aware); in UTC, always later than `now`.

    Within business hours after the short interval; outside after the long one, but not later than they open again.
    Intervals are of elapsed time, so a change of the clocks makes none of them longer or shorter.
    """
    now = now.astimezone(UTC)
    if schedule.is_open(now):
        return now + schedule.inside
    opening = _next_opening(now, schedule)
    late = now + schedule.outside
    return late if opening is None else min(late, opening)


def next_night(after: datetime, timezone: str, name: str) -> datetime:
    """The next instant after `after` (aware) for nightly work of `name`, between 02:00 and 05:00 of the time zone.

    Each name has its own place in the night, the same every night, so that many don't start at once. In the night
    when the clocks change the window is an hour shorter or longer.
    """
    zone = ZoneInfo(timezone)
    today = after.astimezone(zone).date()
    share = int.from_bytes(blake2b(name.encode(), digest_size=4).digest())
    nights = (_in_night(today + timedelta(days=days), zone, share) for days in range(-1, 3))
    return next(night for night in nights if night > after)


def _in_night(day: date, zone: ZoneInfo, share: int) -> datetime:
    opens, closes = _instant(day, NIGHT_OPENS, zone), _instant(day, NIGHT_CLOSES, zone)
    return opens + (closes - opens) * share // 2**32


def _next_opening(now: datetime, schedule: Schedule) -> datetime | None:
    if schedule.opens >= schedule.closes:
        return None
    zone = ZoneInfo(schedule.timezone)
    today = now.astimezone(zone).date()
    for days in range(WEEK + 1):
        day = today + timedelta(days=days)
        opening = _instant(day, schedule.opens, zone)
        if day.weekday() in schedule.days and opening > now:
            return opening
    return None


def _instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """The instant of an hour on the wall; of two the first, and the one after a gap for an hour that there is not."""
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
