"""Which of the ledger's sums tell of a period: its whole months by month, the days before and after them by day."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from libs.domain.metrics import Period
from libs.domain.metrics.cells import BY_EDGE, BY_MONTH, NEVER, Measure

DAY = timedelta(days=1)


class Range(NamedTuple):
    """The sums of a measure on the days from `first` to `last`, for period `number`."""

    number: int
    measure: str
    first: date
    last: date


class Probe(NamedTuple):
    """The sums of a measure on one day whose edge is from `low` to `high`, counted `sign` times."""

    number: int
    measure: str
    day: date
    low: date
    high: date
    sign: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A period as days, the whole months after them, and the days that are left. `first` is where it begins."""

    first: date
    head: tuple[date, ...]
    months: tuple[date, ...]
    tail: tuple[date, ...]

    @property
    def days(self) -> tuple[date, ...]:
        return self.head + self.tail


def cut(period: Period) -> Cut:
    """The period, which must not be of more days than are worth telling one by one."""
    months: list[date] = []
    month = period.first if period.first.day == 1 else _after(month_end(period.first))
    while month is not None and month_end(month) <= period.last:
        months.append(month)
        month = _after(month_end(month))
    if not months:
        return Cut(period.first, tuple(_days(period.first, period.last)), (), ())
    head = tuple(_days(period.first, months[0] - DAY)) if months[0] > period.first else ()
    tail = tuple(_days(month, period.last)) if month is not None else ()
    return Cut(period.first, head, tuple(months), tail)


def within(period: Period, bounds: Period | None) -> Period | None:
    """The part of the period that anything is told of, in whole months where it goes beyond; None where there is no
    such part."""
    if bounds is None:
        return None
    first, last = max(period.first, bounds.first.replace(day=1)), min(period.last, month_end(bounds.last))
    return Period(first, last) if first <= last else None


def ranges(number: int, measures: Sequence[Measure], period: Period) -> Iterator[Range]:
    """Where the sums of a period are found, of measures that need no edge."""
    first = period.first if period.first.day == 1 else _after(month_end(period.first))
    last = period.last if period.last == month_end(period.last) else _before(period.last)
    has_months = first is not None and last is not None and first <= last
    for measure in measures:
        monthly = BY_MONTH.get(measure)
        if monthly is None or first is None or last is None or not has_months:
            yield Range(number, measure, period.first, period.last)
            continue
        yield Range(number, monthly, first, last)
        if period.first < first:
            yield Range(number, measure, period.first, first - DAY)
        if last < period.last:
            yield Range(number, measure, last + DAY, period.last)


def since_begin(number: int, measure: Measure, of: Cut, sign: int = 1) -> Iterator[Probe]:
    """What the period holds whose edge is in it, too."""
    monthly = BY_MONTH[measure]
    for day in of.days:
        yield Probe(number, measure, day, of.first, day, sign)
    for month in of.months:
        yield Probe(number, monthly, month, of.months[0], month, sign)
        if of.head:
            yield Probe(number, BY_EDGE[measure], month, of.first, of.head[-1], sign)


def at_any_time(number: int, measure: Measure, of: Cut) -> Iterator[Probe]:
    """What the period holds that has no edge."""
    for day in of.days:
        yield Probe(number, measure, day, NEVER, NEVER, 1)
    for month in of.months:
        yield Probe(number, BY_MONTH[measure], month, NEVER, NEVER, 1)


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _days(first: date, last: date) -> Iterator[date]:
    return (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))


def _after(day: date) -> date | None:
    return None if day == date.max else day + DAY


def _before(day: date) -> date | None:
    """The last day of the month before."""
    first = day.replace(day=1)
    return None if first == date.min else first - DAY
