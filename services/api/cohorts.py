"""Cohorts from the ledger's sums."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from math import lcm

from libs.domain.metrics import CohortMonth, ratio
from libs.domain.metrics.bridge import summed
from libs.domain.metrics.cells import Measure
from services.api.database import Connection
from services.api.queries import ledger
from services.api.queries.ledger import CohortSum, Scope

DECEMBER = 12


async def cohort_months(connection: Connection, scope: Scope, today: date) -> tuple[CohortMonth, ...]:
    """Each cohort month by month up to now, as `libs.domain.metrics.cohorts` has it."""
    sums = await ledger.cohorts(connection, scope)
    one_currency = len({one.currency for one in sums if one.measure is not Measure.COHORT_ACTIVE}) == 1
    cohorts: dict[date, list[CohortSum]] = {}
    for one in sums:
        cohorts.setdefault(one.cohort, []).append(one)
    return tuple(month for cohort in sorted(cohorts) for month in _cohort(cohort, cohorts[cohort], today, one_currency))


def _cohort(cohort: date, sums: Sequence[CohortSum], today: date, one_currency: bool) -> Iterable[CohortMonth]:
    began = [one for one in sums if one.measure is Measure.COHORT_BEGAN]
    members, worth = sum(one.n for one in began), summed([(one.num, one.den) for one in began])
    moved = [one for one in sums if one.measure is Measure.COHORT_MRR]
    common = lcm(*(one.den for one in moved))
    whole = common * worth
    active = _running((one.month, one.n) for one in sums if one.measure is Measure.COHORT_ACTIVE)
    mrr = _running((one.month, one.num * (common // one.den)) for one in moved)
    for month in range(_number(today) - _number(cohort) + 1):
        at = _number(cohort) + month
        revenue = ratio(mrr(at), whole) if one_currency else None
        yield CohortMonth(cohort, month, ratio(active(at), members), revenue)


def _running(amounts: Iterable[tuple[date, int]]) -> Callable[[int], int]:
    """The sum up to a month, asked for month after month."""
    waiting = sorted(((_number(month), amount) for month, amount in amounts), reverse=True)
    total = 0

    def up_to(month: int) -> int:
        nonlocal total
        while waiting and waiting[-1][0] <= month:
            total += waiting.pop()[1]
        return total

    return up_to


def _number(day: date) -> int:
    return day.year * DECEMBER + day.month
