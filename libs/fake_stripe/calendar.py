"""Billing periods: how Stripe adds days, weeks, months and years to an anchor."""

import calendar
from datetime import UTC, datetime, timedelta

from libs.fake_stripe.json_types import Json

DAY = 86_400


def add_interval(start: int, interval: str, count: int, anchor: int | None = None) -> int:
    """Take a period's start, give its end. Months keep the anchor's day where the month has it."""
    moment = datetime.fromtimestamp(start, UTC)
    match interval:
        case "day":
            return int((moment + timedelta(days=count)).timestamp())
        case "week":
            return int((moment + timedelta(weeks=count)).timestamp())
        case "month":
            return _add_months(moment, count, anchor)
        case "year":
            return _add_months(moment, 12 * count, anchor)
        case _:
            raise ValueError(f"interval {interval!r} is none of day, week, month, year")


def period_end(start: int, price: Json, anchor: int | None = None) -> int:
    """Take a period's start and its recurring price, give the period's end."""
    recurring = price["recurring"]
    return add_interval(start, recurring["interval"], recurring["interval_count"], anchor)


def _add_months(moment: datetime, months: int, anchor: int | None) -> int:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    wanted = moment.day if anchor is None else datetime.fromtimestamp(anchor, UTC).day
    day = min(wanted, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())
