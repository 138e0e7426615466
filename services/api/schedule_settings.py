"""The part of the settings that says when accounts are read by themselves."""

from dataclasses import replace
from typing import Annotated, Literal

import msgspec

from libs.domain.schedule import Interval, Schedule
from services.api.problems import FieldError, Refused, bad_body

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class BusinessHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days, and whole hours of the project's clock: from the beginning of `opens` to the beginning of `closes`."""

    days: list[Day] | msgspec.UnsetType = msgspec.UNSET
    opens: Annotated[int, msgspec.Meta(ge=0, le=23)] | msgspec.UnsetType = msgspec.UNSET
    closes: Annotated[int, msgspec.Meta(ge=1, le=24)] | msgspec.UnsetType = msgspec.UNSET


class ScheduleChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change of a schedule."""

    business_hours: BusinessHours | None
    sync_interval: Interval | None

    def applied(self, held: Schedule) -> Schedule:
        """The schedule with the change in it. Raises Refused where it would close before it opens."""
        hours = self.business_hours or BusinessHours()
        days = held.days if hours.days is msgspec.UNSET else frozenset(DAYS.index(day) for day in hours.days)
        opens = held.opens if hours.opens is msgspec.UNSET else hours.opens
        closes = held.closes if hours.closes is msgspec.UNSET else hours.closes
        if opens >= closes:
            raise Refused(bad_body([FieldError("business_hours.closes", f"must be later than {opens}")]))
        interval = self.sync_interval or held.interval
        return replace(held, days=days, opens=opens, closes=closes, interval=interval)


def schedule_content(held: Schedule) -> dict[str, object]:
    """The schedule as the settings show it."""
    hours = {"days": [DAYS[day] for day in sorted(held.days)], "opens": held.opens, "closes": held.closes}
    return {"business_hours": hours, "sync_interval": held.interval.value}
