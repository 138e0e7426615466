"""How many months a billing period has, exactly, and what an amount per period is a month."""

from calendar import monthrange
from datetime import datetime
from fractions import Fraction
from typing import assert_never

from libs.domain.policy import Policy
from libs.domain.price import Interval, Recurring


def months_of(recurring: Recurring, policy: Policy) -> Fraction:
    """The billing period in months: a year has 12, a day 1 / `day_factor`, a week 1 / `week_factor`."""
    match recurring.interval:
        case Interval.MONTH:
            return Fraction(recurring.interval_count)
        case Interval.YEAR:
            return Fraction(12 * recurring.interval_count)
        case Interval.DAY:
            return recurring.interval_count / policy.day_factor
        case Interval.WEEK:
            return recurring.interval_count / policy.week_factor
        case _:
            assert_never(recurring.interval)


def add_months(start: datetime, months: int) -> datetime:
    """The same day and time `months` later; the month's last day where it has no such day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last))
