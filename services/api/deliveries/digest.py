"""When a digest is due: at the project's own hour, once per day or week, whatever its clock does in between."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LATEST = timedelta(hours=12)


class DigestTimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Daily or weekly, at an hour of the project's time zone. `weekday` counts for weekly ones only."""

    every: Literal["day", "week"] = "day"
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 8
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """The days that a digest tells of, both included, and the name under which it is sent once."""

    name: str
    first: date
    last: date


def due_period(times: DigestTimes, zone: ZoneInfo, since: datetime, now: datetime) -> DuePeriod | None:
    """The period whose digest is due now; None before its hour, and when half a day has passed since: too late.

    Nothing that ended before the endpoint existed (`since`) is told. An hour that the clock skips comes when the clock
    goes on; of an hour that comes twice the first one counts.
    """
    local = now.astimezone(zone).date()
    day = local - timedelta(days=(local.weekday() - DAYS.index(times.weekday)) % 7) if times.every == "week" else local
    due_at = datetime.combine(day, time(times.hour), zone).astimezone(UTC)
    if not (due_at <= now < due_at + LATEST and since <= due_at):
        return None
    length = timedelta(days=7 if times.every == "week" else 1)
    return DuePeriod(f"{times.every}:{day}", day - length, day - timedelta(days=1))
