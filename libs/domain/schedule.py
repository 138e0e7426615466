"""When an account is read next: often in business hours, seldom else, and once each night at a quiet time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import assert_never
from zoneinfo import ZoneInfo


class Interval(StrEnum):
    """How often an account is read by itself."""

    HALF_HOURLY = "30m"
    THREE_HOURLY = "3h"
    OFF = "off"


MINUTES = {Interval.HALF_HOURLY: 30, Interval.THREE_HOURLY: 180, Interval.OFF: None}


def interval_of(minutes: int | None) -> Interval:
    """The interval of so many minutes, as it is stored. Raises StopIteration for one that there is not."""
    return next(interval for interval, length in MINUTES.items() if length == minutes)


MONDAY_TO_FRIDAY = frozenset(range(5))
WEEK = 7
SHORT, LONG = timedelta(minutes=30), timedelta(hours=3)
NIGHT_OPENS, NIGHT_CLOSES = 2, 5


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often, by the clock on a project's wall. `days` count from Monday as 0; `closes` is the hour after the last.

    Half-hourly holds within business hours only; outside, and without any, it is three-hourly.
    """

    timezone: str = "UTC"
    days: frozenset[int] = MONDAY_TO_FRIDAY
    opens: int = 9
    closes: int = 18
    interval: Interval = Interval.HALF_HOURLY

    def is_open(self, at: datetime) -> bool:
        """Whether `at` (aware) lies within business hours."""
        local = at.astimezone(ZoneInfo(self.timezone))
        return local.weekday() in self.days and self.opens <= local.hour < self.closes


def next_run(now: datetime, schedule: Schedule) -> datetime | None:
    """When to run again after a run at `now` (aware); in UTC, always later than `now`. None: not by itself.

    Within business hours after the short interval; outside after the long one, but not later than they open again.
    Intervals are of elapsed time, so a change of the clocks makes none of them longer or shorter.
    """
    now = now.astimezone(UTC)
    match schedule.interval:
        case Interval.OFF:
            return None
        case Interval.THREE_HOURLY:
            return now + LONG
        case Interval.HALF_HOURLY:
            return now + SHORT if schedule.is_open(now) else _next_outside(now, schedule)
        case _:
            assert_never(schedule.interval)


def _next_outside(now: datetime, schedule: Schedule) -> datetime:
    opening = _next_opening(now, schedule)
    return now + LONG if opening is None else min(now + LONG, opening)


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
