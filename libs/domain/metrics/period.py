"""Periods: days of the project's zone, both ends inclusive, and the instants at which they begin and end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

TRAILING_DAYS = 30


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment of `first` to the last one of `last`."""

    first: date
    last: date

    def days(self) -> Iterator["Period"]:
        """Each day of it as a period of its own."""
        for number in range((self.last - self.first).days + 1):
            day = self.first + timedelta(days=number)
            yield Period(day, day)


@dataclass(frozen=True, slots=True)
class Span:
    """All instants from `begin` up to, but not with, `end`."""

    begin: datetime
    end: datetime

    def holds(self, at: datetime | None) -> bool:
        """Whether `at` falls into it; what never happened does not."""
        return at is not None and self.begin <= at < self.end


def span_of(period: Period, timezone: str) -> Span:
    """When the period begins and ends; a day in the zone may have 23 or 25 hours."""
    return Span(_midnight(period.first, timezone), _midnight(_after(period.last), timezone))


def trailing(last: date, days: int = TRAILING_DAYS) -> Period:
    """So many days up to `last`, with it."""
    return Period(last - timedelta(days=days - 1), last)


def _after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


def _midnight(day: date, timezone: str) -> datetime:
    zoned = datetime.combine(day, time.min, ZoneInfo(timezone))
    try:
        return zoned.astimezone(UTC)
    except OverflowError:  # the first and the last day that there are
        return zoned.replace(tzinfo=UTC)
