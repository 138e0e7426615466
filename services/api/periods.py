"""Periods that callers ask for: their days, the one to compare with, and how they are cut into intervals."""

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, assert_never

import msgspec

from libs.domain.metrics import Period
from services.api.parameters import Query
from services.api.problems import FieldError, Refused, bad_query

TRAILING_DAYS = 30
MOST_POINTS = 1100
DAY = timedelta(days=1)
MONDAY_TO_SUNDAY = 7
DECEMBER = 12
BEGINNING = date(1970, 1, 2)


class Interval(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


Compare = Literal["previous_period", "previous_year"]


class PeriodQuery(Query, frozen=True, kw_only=True):
    """The period's first and last day in the project's zone, and whether live or test data is meant."""

    from_: date | None = msgspec.field(default=None, name="from")
    to: date | None = None
    mode: Literal["live", "test"] | None = None


def period_of(query: PeriodQuery, today: date) -> Period:
    """The period asked for; by default the 30 days that end today. Raises Refused when it ends before it begins."""
    last = query.to or max(today, query.from_ or today)
    try:
        first = query.from_ or last - timedelta(days=TRAILING_DAYS - 1)
        after = last + DAY
    except OverflowError as error:
        raise Refused(bad_query([FieldError("to", "is out of range")])) from error
    if first >= after:
        raise Refused(bad_query([FieldError("from", f"must not be later than {last}, the end of the period")]))
    return Period(first, last)


def before(period: Period) -> Period:
    """All of time before it; the first day that there is has none, and nothing happened on it."""
    last = date.min if period.first == date.min else period.first - DAY
    return Period(min(BEGINNING, last), last)


def compared(period: Period, compare: Compare) -> Period:
    """The period before, of as many days (of as many months, where it is whole months); or the same days of the year
    before. Raises Refused where there were no such days."""
    try:
        match compare:
            case "previous_period":
                return _before(period)
            case "previous_year":
                return Period(_months_on(period.first, -DECEMBER), _year_before_end(period.last))
            case _:
                assert_never(compare)
    except (OverflowError, ValueError) as error:
        raise Refused(bad_query([FieldError("compare", "reaches back before the first day there is")])) from error


def buckets(period: Period, interval: Interval) -> tuple[Period, ...]:
    """The period's days, weeks from Monday, or months, the first and the last one cut to it. Raises Refused for too
    many."""
    found: list[Period] = []
    first = period.first
    while first <= period.last:
        if len(found) == MOST_POINTS:
            raise Refused(
                bad_query([FieldError("interval", f"gives more than {MOST_POINTS} points: take a longer one")])
            )
        last = min(_end_of(first, interval), period.last)
        found.append(Period(first, last))
        if last == date.max:
            break
        first = last + DAY
    return tuple(found)


def _end_of(day: date, interval: Interval) -> date:
    match interval:
        case Interval.DAY:
            return day
        case Interval.WEEK:
            sunday = day.toordinal() + MONDAY_TO_SUNDAY - day.isoweekday()
            return date.fromordinal(min(sunday, date.max.toordinal()))
        case Interval.MONTH:
            return day.replace(day=monthrange(day.year, day.month)[1])
        case _:
            assert_never(interval)


def _before(period: Period) -> Period:
    """Whole months are compared with as many whole months."""
    last = period.first - DAY
    if period.first.day == 1 and _is_last_of_month(period.last):
        months = (period.last.year - period.first.year) * DECEMBER + period.last.month - period.first.month + 1
        return Period(_months_on(period.first, -months), last)
    return Period(period.first - (period.last - period.first) - DAY, last)


def _year_before_end(day: date) -> date:
    """The last day of February stays the last one."""
    if _is_last_of_month(day):
        return _end_of(day.replace(day=1, year=day.year - 1), Interval.MONTH)
    return day.replace(year=day.year - 1)


def _is_last_of_month(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _months_on(day: date, months: int) -> date:
    number = day.year * DECEMBER + day.month - 1 + months
    year, month = number // DECEMBER, number % DECEMBER + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
