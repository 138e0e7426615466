"""Which of the ledger's sums tell of a period: its whole months by month, the days before and after them by day."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from libs.domain.metrics import Period
from libs.domain.metrics.cells import BY_EDGE, BY_MONTH, NEVER, Measure

DAY = timedelta(days=1)
SHORTEST_MONTH = timedelta(days=27)  # from its first to its last day


class Range(NamedTuple):
    """The sums of a measure on the days from `first` to `last`, for period `number`."""

    number: int
    measure: str
    first: date
    last: date


class Probe(NamedTuple):
    """The sums of a measure on the days from `first` to `last` whose edge is from `low` to `high`, counted `sign`
    times, for period `number`."""

    number: int
    measure: str
    first: date
    last: date
    low: date
    high: date
    sign: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A period that begins on `first` as its whole months, from the first day of one to the last day of another, and
    the days before and after them; without a whole month it is days alone."""

    first: date
    days: tuple[Period, ...]
    months: Period | None = None

    @property
    def head(self) -> Period | None:
        """The days before the whole months."""
        return next((one for one in self.days if self.months is not None and one.first < self.months.first), None)


def cut(period: Period) -> Cut:
    """The period in its parts."""
    if period.last - period.first < SHORTEST_MONTH:
        return Cut(period.first, (period,))
    first = period.first if period.first.day == 1 else _after(month_end(period.first))
    last = period.last if period.last == month_end(period.last) else _before(period.last)
    if first is None or last is None or first > last:
        return Cut(period.first, (period,))
    head = [Period(period.first, first - DAY)] if period.first < first else []
    tail = [Period(last + DAY, period.last)] if last < period.last else []
    return Cut(period.first, (*head, *tail), Period(first, last))


def ranges(number: int, measures: Sequence[Measure], period: Period) -> Iterator[Range]:
    """Where the sums of a period are found, of measures that need no edge."""
    parts = cut(period)
    for measure in measures:
        monthly = BY_MONTH.get(measure)
        if monthly is None or parts.months is None:
            yield Range(number, measure, period.first, period.last)
            continue
        yield Range(number, monthly, parts.months.first, parts.months.last)
        for days in parts.days:
            yield Range(number, measure, days.first, days.last)


def since_begin(number: int, measure: Measure, of: Cut, sign: int = 1) -> Iterator[Probe]:
    """What the period holds whose edge is in it, too. No edge is later than its day."""
    begin = max(of.first, NEVER + DAY)
    for days in of.days:
        yield Probe(number, measure, days.first, days.last, begin, days.last, sign)
    if of.months is None:
        return
    first, last = of.months.first, of.months.last
    yield Probe(number, BY_MONTH[measure], first, last, max(first, NEVER + DAY), last, sign)
    if of.head is not None:
        yield Probe(number, BY_EDGE[measure], first, last, begin, of.head.last, sign)


def at_any_time(number: int, measure: Measure, of: Cut) -> Iterator[Probe]:
    """What the period holds that has no edge."""
    for days in of.days:
        yield Probe(number, measure, days.first, days.last, NEVER, NEVER, 1)
    if of.months is not None:
        yield Probe(number, BY_MONTH[measure], of.months.first, of.months.last, NEVER, NEVER, 1)


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _after(day: date) -> date | None:
    return None if day == date.max else day + DAY


def _before(day: date) -> date | None:
    """The last day of the month before."""
    first = day.replace(day=1)
    return None if first == date.min else first - DAY
