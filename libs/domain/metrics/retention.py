"""What becomes of each month's newcomers."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement
from libs.domain.metrics.bridge import NOTHING
from libs.domain.metrics.period import Period, span_of
from libs.domain.metrics.rates import Rate, ratio

DECEMBER = 12


@dataclass(frozen=True, slots=True)
class CohortMonth:
    """The clients of one month's cohort, `month` months on (0: at the end of their own month).

    Subscribers: how many of them pay. Revenue: their MRR over what they began with; None with several currencies.
    """

    cohort: date
    month: int
    subscriber_retention: Rate
    revenue_retention: Rate


def cohorts(movements: Sequence[Movement], timezone: str, now: datetime) -> tuple[CohortMonth, ...]:
    """Each cohort (by the month of its clients' first positive MRR, kept after a return), month by month up to now."""
    lives: dict[ClientId, list[Movement]] = {}
    for movement in movements:
        lives.setdefault(movement.client, []).append(movement)
    members: dict[date, list[_Life]] = {}
    for life in (_Life.of(told) for told in lives.values()):
        if life is not None:
            members.setdefault(_month_of(life.first.occurred_at, timezone), []).append(life)
    one_currency = len({movement.currency for movement in movements}) == 1
    this_month = _month_of(now, timezone)
    return tuple(
        _cohort_month(cohort, month, members[cohort], one_currency, timezone)
        for cohort in sorted(members)
        for month in range(_months_between(cohort, this_month) + 1)
    )


@dataclass(frozen=True, slots=True)
class _Life:
    """A client's movements from its first positive MRR on."""

    first: Movement
    movements: tuple[Movement, ...]

    @classmethod
    def of(cls, movements: Sequence[Movement]) -> "_Life | None":
        first = next((one for one in movements if one.after > 0), None)
        return None if first is None else cls(first, tuple(movements))

    def before(self, at: datetime) -> Fraction:
        """All that it had just before `at`; currencies are told apart only to know whether there was any."""
        end = bisect_left(self.movements, at, key=_occurred_at)
        held: dict[Currency, Fraction] = {one.currency: one.after for one in self.movements[:end]}
        return sum(held.values(), NOTHING)

    @property
    def began_with(self) -> Fraction:
        return self.first.after


def _occurred_at(movement: Movement) -> datetime:
    return movement.occurred_at


def _cohort_month(cohort: date, month: int, members: Iterable[_Life], one_currency: bool, timezone: str) -> CohortMonth:
    lives = tuple(members)
    last = _months_after(cohort, month)
    end = span_of(Period(last, last), timezone).begin
    held = [life.before(end) for life in lives]
    began = sum((life.began_with for life in lives), NOTHING)
    return CohortMonth(
        cohort,
        month,
        ratio(sum(amount > 0 for amount in held), len(lives)),
        ratio(sum(held, NOTHING), began) if one_currency else None,
    )


def _month_of(at: datetime, timezone: str) -> date:
    return at.astimezone(ZoneInfo(timezone)).date().replace(day=1)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * DECEMBER + last.month - first.month


def _months_after(cohort: date, month: int) -> date:
    """The first day after the month that lies `month` months on."""
    number = cohort.year * DECEMBER + cohort.month + month
    return date(number // DECEMBER, number % DECEMBER + 1, 1)
