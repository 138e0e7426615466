"""Sums of the ledger as the metrics take them: the same formulas as over the ledger itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.ledger import MovementKind, Reason
from libs.domain.ledger.valuation import midnight, valued
from libs.domain.metrics import Bridge, Clients, CohortMonth, Measured, Period, ratio, span_of
from libs.domain.metrics.cells import Measure, parts_of
from libs.domain.metrics.trials import TrialCounts
from libs.domain.policy import ChurnFormula, Policy
from libs.domain.totals import Total, by_currency
from services.api.database import Connection
from services.api.queries import figures, ledger
from services.api.queries.figures import Span
from services.api.queries.ledger import CohortSum, Scope, Sum

NOTHING = Fraction(0)
NO_DAYS = Period(date(2, 1, 2), date(2, 1, 1))
EVERYTHING = frozenset({"kept", "clients", "losses", "trials", "payments", "failed", "daily"})
MOVED = (Measure.MOVED_MONTH, Measure.MOVED)
ACTIVE = (Measure.ACTIVE_MONTH, Measure.ACTIVE)
DECEMBER = 12
Sums = dict[Currency, Fraction]
Bridges = Mapping[Currency, Bridge]


@dataclass(frozen=True, slots=True)
class Question:
    """The periods that follow one another, and which parts of `Measured` beside the bridges are wanted. `told` are the
    same periods without the days before and after anything is told of."""

    scope: Scope
    policy: Policy
    periods: tuple[Period, ...]
    wanted: frozenset[str] = EVERYTHING
    told: tuple[Period, ...] = ()


async def measured(connection: Connection, asked: Question) -> list[Measured]:
    """Each period's figures."""
    asked = replace(asked, told=_told(asked.periods, await ledger.bounds(connection, asked.scope)))
    moved = await ledger.totals(connection, asked.scope, Measure.MOVED, asked.periods)
    bridges = _bridges(await _start(connection, asked, asked.periods[0]), moved, len(asked.periods))
    kept = await _kept(connection, asked, bridges)
    clients = await _clients(connection, asked, moved)
    involuntary = await _involuntary(connection, asked)
    trials = await _trials(connection, asked)
    paid, refunded = (
        await _payments(connection, asked, Measure.PAID),
        await _payments(connection, asked, Measure.REFUNDED),
    )
    failed = await _failed(connection, asked)
    daily = await _daily(connection, asked, bridges)
    return [
        Measured(
            bridges=bridges[number],
            kept=kept[number],
            daily=daily[number] if len(bridges[number]) == 1 else (),
            involuntary=involuntary[number],
            clients=clients[number],
            trials=trials[number],
            paid=paid[number],
            refunded=refunded[number],
            failed_payments=failed[number],
        )
        for number in range(len(asked.periods))
    ]


def span(period: Period, timezone: str) -> Span:
    """The period's instants."""
    of = span_of(period, timezone)
    return Span(of.begin, of.end)


def _told(periods: Iterable[Period], bounds: Period | None) -> tuple[Period, ...]:
    """The parts of the periods within the bounds; one outside of them has no days."""
    if bounds is None:
        return tuple(NO_DAYS for _ in periods)
    cut = (Period(max(one.first, bounds.first), min(one.last, bounds.last)) for one in periods)
    return tuple(one if one.first <= one.last else NO_DAYS for one in cut)


def worth(sums: Iterable[Sum]) -> Sums:
    """The exact amounts by currency."""
    found: Sums = {}
    for one in sums:
        code = Currency(one.currency)
        found[code] = found.get(code, NOTHING) + Fraction(one.num, one.den)
    return found


def _by_period(sums: Iterable[Sum], count: int) -> list[list[Sum]]:
    found: list[list[Sum]] = [[] for _ in range(count)]
    for one in sums:
        found[one.number].append(one)
    return found


def _bridges(at_start: Sums, moved: Iterable[Sum], count: int) -> list[dict[Currency, Bridge]]:
    """Periods follow one another: where one ends the next one starts."""
    start, found = dict(at_start), []
    for sums in _by_period(moved, count):
        kinds = _moved(sums)
        codes = sorted({*start, *kinds})
        bridges = {code: Bridge(start.get(code, NOTHING), kinds.get(code, {})) for code in codes}
        start = {code: one.end for code, one in bridges.items()}
        found.append({code: one for code, one in bridges.items() if not one.is_empty})
    return found


def bridged(sums: Sequence[Sum], count: int) -> list[Measured]:
    """Bridges alone, of `count` periods that follow one another; number 0 of the sums is all that was before them."""
    start = worth(one for one in sums if one.number == 0)
    later = [replace(one, number=one.number - 1) for one in sums if one.number > 0]
    return [Measured(bridges=one) for one in _bridges(start, later, count)]


def _moved(sums: Iterable[Sum]) -> dict[Currency, dict[MovementKind, Fraction]]:
    found: dict[Currency, dict[MovementKind, Fraction]] = {}
    for one in sums:
        kinds, kind = found.setdefault(Currency(one.currency), {}), MovementKind(one.label)
        kinds[kind] = kinds.get(kind, NOTHING) + Fraction(one.num, one.den)
    return found


async def _kept(connection: Connection, asked: Question, bridges: Sequence[Bridges]) -> list[dict[Currency, Bridge]]:
    """What moved of clients who were there: of those who were active at the time, less of those who came later."""
    if "kept" not in asked.wanted:
        return [{} for _ in asked.periods]
    count = len(asked.periods)
    there = _by_period(await ledger.at_any_time(connection, asked.scope, Measure.KEPT, asked.told), count)
    later = _by_period(await ledger.since_begin(connection, asked.scope, Measure.KEPT, asked.told), count)
    found = []
    for number, of in enumerate(bridges):
        kinds, less = _moved(there[number]), _moved(later[number])
        found.append(
            {code: Bridge(one.start, _less(kinds.get(code, {}), less.get(code, {}))) for code, one in of.items()}
        )
    return found


def _less(
    kinds: Mapping[MovementKind, Fraction], less: Mapping[MovementKind, Fraction]
) -> dict[MovementKind, Fraction]:
    return {kind: kinds.get(kind, NOTHING) - less.get(kind, NOTHING) for kind in {*kinds, *less}}


async def _clients(connection: Connection, asked: Question, moved: Iterable[Sum]) -> list[Clients]:
    count = len(asked.periods)
    if "clients" not in asked.wanted:
        return [Clients()] * count
    kinds = [_counts(sums) for sums in _by_period(moved, count)]
    again = await _counted(connection, asked, Measure.AGAIN)
    away = await _counted(connection, asked, Measure.AWAY)
    turned = [sum(one.n for one in sums) for sums in await _totals(connection, asked, Measure.ACTIVE)]
    active = sum(one.n for one in await ledger.before(connection, asked.scope, ACTIVE, asked.periods[0].first))
    found = []
    for number in range(count):
        new = kinds[number].get("new", 0) - again[number].get("new", 0)
        churned = kinds[number].get("churn", 0) - again[number].get("churn", 0)
        at_end = active + turned[number]
        found.append(Clients(active, new, churned, -away[number].get("", 0), at_end))
        active = at_end
    return found


def _counts(sums: Iterable[Sum]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in sums:
        found[one.label] = found.get(one.label, 0) + one.n
    return found


async def _counted(connection: Connection, asked: Question, measure: Measure) -> list[dict[str, int]]:
    sums = await ledger.since_begin(connection, asked.scope, measure, asked.told)
    return [_counts(each) for each in _by_period(sums, len(asked.periods))]


async def _totals(connection: Connection, asked: Question, measure: Measure) -> list[list[Sum]]:
    return _by_period(await ledger.totals(connection, asked.scope, measure, asked.periods), len(asked.periods))


async def _involuntary(connection: Connection, asked: Question) -> list[Sums]:
    if "losses" not in asked.wanted:
        return [{} for _ in asked.periods]
    return [
        {code: -amount for code, amount in worth(one for one in sums if _is_involuntary(one.label)).items()}
        for sums in await _totals(connection, asked, Measure.WHY)
    ]


def _is_involuntary(label: str) -> bool:
    kind, reason, *_ = parts_of(label)
    return kind == MovementKind.CHURN and reason == Reason.PAYMENT_FAILURE


async def _trials(connection: Connection, asked: Question) -> list[TrialCounts]:
    if "trials" not in asked.wanted:
        return [TrialCounts(0, 0, 0)] * len(asked.periods)
    counts = [_counts(sums) for sums in await _totals(connection, asked, Measure.TRIAL)]
    return [TrialCounts(*(each.get(name, 0) for name in ("began", "ended", "converted"))) for each in counts]


async def _payments(connection: Connection, asked: Question, measure: Measure) -> list[Sums]:
    """By currency; in the base currency, at each day's rate, where there is one."""
    if "payments" not in asked.wanted:
        return [{} for _ in asked.periods]
    if asked.policy.base_currency is None:
        return [worth(sums) for sums in await _totals(connection, asked, measure)]
    days = [(number, day) for number, period in enumerate(asked.told) for day in period.days()]
    sums = await ledger.totals(connection, asked.scope, measure, [day for _, day in days])
    found: list[list[Total]] = [[] for _ in asked.periods]
    for one in sums:
        number, day = days[one.number]
        own = Total(Fraction(one.num, one.den), Currency(one.currency))
        found[number].append(valued(own, None, asked.policy, midnight(day.first, asked.policy)).worth)
    return [by_currency(amounts) for amounts in found]


async def _failed(connection: Connection, asked: Question) -> list[int]:
    if "failed" not in asked.wanted:
        return [0] * len(asked.periods)
    spans = [span(period, asked.scope.timezone) for period in asked.periods]
    return await figures.failed_payments_in(connection, asked.scope.project, asked.scope.livemode, spans)


async def _daily(connection: Connection, asked: Question, bridges: Sequence[Bridges]) -> list[tuple[Bridge, ...]]:
    """Each day's bridge; all days after the last that anything is told of are as one, on which nothing moved."""
    if "daily" not in asked.wanted or asked.policy.churn_formula is ChurnFormula.STANDARD:
        return [()] * len(asked.periods)
    found: list[list[Bridge]] = [[] for _ in asked.periods]
    days = [(number, day) for number, period in enumerate(asked.told) for day in period.days()]
    if days:
        start = await _start(connection, asked, days[0][1])
        moved = await ledger.totals(connection, asked.scope, Measure.MOVED, [day for _, day in days])
        for (number, _), of in zip(days, _bridges(start, moved, len(days)), strict=True):
            found[number].append(next(iter(of.values()), Bridge()))
    for number, period in enumerate(asked.periods):
        if period.last > asked.told[number].last:
            found[number].append(Bridge(next((one.end for one in bridges[number].values()), NOTHING)))
    return [tuple(each) for each in found]


async def _start(connection: Connection, asked: Question, day: Period) -> Sums:
    return worth(await ledger.before(connection, asked.scope, MOVED, day.first))


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
    members, worth = sum(one.n for one in began), sum((Fraction(one.num, one.den) for one in began), NOTHING)
    active = _running(sums, Measure.COHORT_ACTIVE, lambda one: Fraction(one.n))
    mrr = _running(sums, Measure.COHORT_MRR, lambda one: Fraction(one.num, one.den))
    for month in range(_number(today) - _number(cohort) + 1):
        at = _number(cohort) + month
        revenue = ratio(mrr(at), worth) if one_currency else None
        yield CohortMonth(cohort, month, ratio(active(at), members), revenue)


def _running(
    sums: Iterable[CohortSum], measure: Measure, amount: Callable[[CohortSum], Fraction]
) -> Callable[[int], Fraction]:
    """The sum up to a month, asked for month after month."""
    waiting = sorted(((_number(one.month), amount(one)) for one in sums if one.measure is measure), reverse=True)
    total = NOTHING

    def up_to(month: int) -> Fraction:
        nonlocal total
        while waiting and waiting[-1][0] <= month:
            total += waiting.pop()[1]
        return total

    return up_to


def _number(day: date) -> int:
    return day.year * DECEMBER + day.month
