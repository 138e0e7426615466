"""Sums of the ledger as the metrics take them: the same formulas as over the ledger itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.ledger import MovementKind, Reason
from libs.domain.ledger.valuation import midnight, valued
from libs.domain.metrics import Bridge, Clients, Measured, Period, span_of
from libs.domain.metrics.cells import COUNTED_KINDS, Measure, parts_of
from libs.domain.metrics.measured import NO_TRIALS
from libs.domain.metrics.trials import TrialCounts
from libs.domain.policy import ChurnFormula, Policy
from libs.domain.totals import Total, by_currency
from services.api.bridging import Bridges, Sums, bridges_of, by_period, stayed, worth
from services.api.database import Connection
from services.api.probes import Probe, at_any_time, cut, since_begin
from services.api.queries import figures, ledger
from services.api.queries.figures import Span
from services.api.queries.ledger import Scope, Sum

NOTHING = Fraction(0)
NO_DAYS = Period(date(2, 1, 2), date(2, 1, 1))
EVERYTHING = frozenset({"bridges", "kept", "clients", "losses", "trials", "payments", "failed", "daily"})


@dataclass(frozen=True, slots=True)
class Question:
    """The periods that follow one another, and which parts of `Measured` are wanted. `told` are the periods without the
    days that nothing is told of, where it goes by days."""

    scope: Scope
    policy: Policy
    periods: tuple[Period, ...]
    wanted: frozenset[str] = EVERYTHING
    told: tuple[Period, ...] = ()


PARTS: Mapping[str, tuple[Measure, ...]] = {
    "bridges": (Measure.MOVED,),
    "clients": (Measure.MOVED, Measure.ACTIVE),
    "losses": (Measure.WHY,),
    "trials": (Measure.TRIAL,),
    "payments": (Measure.PAID, Measure.REFUNDED),
}

# Who became or ceased to be active is kept without a label.
CLIENTS_COUNTED = (*sorted(COUNTED_KINDS), "")


@dataclass(frozen=True, slots=True)
class Found:
    """The sums that were asked for, by measure and period."""

    totals: Mapping[tuple[Measure, int], Sequence[Sum]]
    edged: Mapping[tuple[Measure, int], Sequence[Sum]]
    before: Sequence[Sum]

    def counts(self, measure: Measure, number: int) -> dict[str, int]:
        """How many by label."""
        return _counts(self.totals.get((measure, number), ()))

    def later(self, measure: Measure, number: int) -> dict[str, int]:
        """How many by label, of those whose edge is in the period too."""
        return _counts(self.edged.get((measure, number), ()))


async def measured(connection: Connection, asked: Question) -> list[Measured]:
    """Each period's figures."""
    if _goes_by_days(asked):
        asked = replace(asked, told=_told(asked.periods, await ledger.bounds(connection, asked.scope)))
    found = await _found(connection, asked)
    bridges = _all_bridges(asked, found)
    kept = _kept(asked, bridges, found)
    clients = _clients(asked, found)
    paid = await _payments(connection, asked, Measure.PAID, found)
    refunded = await _payments(connection, asked, Measure.REFUNDED, found)
    failed = await _failed(connection, asked)
    daily, has_losses = await _daily(connection, asked, bridges), "losses" in asked.wanted
    return [
        Measured(
            bridges=bridges[number],
            kept=kept[number],
            daily=daily[number] if len(bridges[number]) == 1 else (),
            involuntary=_involuntary(found.totals.get((Measure.WHY, number), ())) if has_losses else {},
            clients=clients[number],
            trials=_trials(asked, found, number),
            paid=paid[number],
            refunded=refunded[number],
            failed_payments=failed[number],
        )
        for number in range(len(asked.periods))
    ]


async def _found(connection: Connection, asked: Question) -> Found:
    measures = list(dict.fromkeys(one for part in sorted(asked.wanted) for one in PARTS.get(part, ())))
    labels = CLIENTS_COUNTED if asked.wanted == {"clients"} else None
    return Found(
        totals=_grouped(await ledger.totals(connection, asked.scope, measures, asked.periods, labels)),
        edged=_grouped(await ledger.edged(connection, asked.scope, list(_probes(asked)))),
        before=await ledger.before(connection, asked.scope, (Measure.MOVED, Measure.ACTIVE), asked.periods[0].first),
    )


def _probes(asked: Question) -> Iterator[Probe]:
    """Of those who were there: what moved of all who were active at the time, less of those who came later."""
    if not asked.wanted & {"kept", "clients"}:
        return
    for number, period in enumerate(asked.periods):
        parts = cut(period)
        if "kept" in asked.wanted:
            yield from at_any_time(number, Measure.KEPT, parts)
            yield from since_begin(number, Measure.KEPT, parts, -1)
        if "clients" in asked.wanted:
            yield from since_begin(number, Measure.AGAIN, parts)
            yield from since_begin(number, Measure.AWAY, parts)


def _grouped(sums: Iterable[Sum]) -> dict[tuple[Measure, int], list[Sum]]:
    found: dict[tuple[Measure, int], list[Sum]] = {}
    for one in sums:
        found.setdefault((one.measure, one.number), []).append(one)
    return found


def _all_bridges(asked: Question, found: Found) -> list[dict[Currency, Bridge]]:
    if "bridges" not in asked.wanted:
        return [{} for _ in asked.periods]
    moved = [found.totals.get((Measure.MOVED, number), ()) for number in range(len(asked.periods))]
    return bridges_of(worth(one for one in found.before if one.measure is Measure.MOVED), moved)


def span(period: Period, timezone: str) -> Span:
    """The period's instants."""
    of = span_of(period, timezone)
    return Span(of.begin, of.end)


def _goes_by_days(asked: Question) -> bool:
    """Whether each day counts for itself: by its own rate of exchange, or as a rate of churn."""
    is_daily = "daily" in asked.wanted and asked.policy.churn_formula is not ChurnFormula.STANDARD
    return is_daily or ("payments" in asked.wanted and asked.policy.base_currency is not None)


def _told(periods: Iterable[Period], bounds: Period | None) -> tuple[Period, ...]:
    """The parts of the periods within the bounds; one outside of them has no days."""
    if bounds is None:
        return tuple(NO_DAYS for _ in periods)
    cut = (Period(max(one.first, bounds.first), min(one.last, bounds.last)) for one in periods)
    return tuple(one if one.first <= one.last else NO_DAYS for one in cut)


def _kept(asked: Question, bridges: Sequence[Bridges], found: Found) -> list[dict[Currency, Bridge]]:
    """What moved of clients who were there."""
    if "kept" not in asked.wanted:
        return [{} for _ in asked.periods]
    return [stayed(of, found.edged.get((Measure.KEPT, number), ())) for number, of in enumerate(bridges)]


def _clients(asked: Question, found: Found) -> list[Clients]:
    if "clients" not in asked.wanted:
        return [Clients()] * len(asked.periods)
    active = sum(one.n for one in found.before if one.measure is Measure.ACTIVE)
    told = []
    for number in range(len(asked.periods)):
        kinds, again = found.counts(Measure.MOVED, number), found.later(Measure.AGAIN, number)
        at_end = active + found.counts(Measure.ACTIVE, number).get("", 0)
        told.append(
            Clients(
                at_start=active,
                new=kinds.get("new", 0) - again.get("new", 0),
                churned=kinds.get("churn", 0) - again.get("churn", 0),
                gone=-found.later(Measure.AWAY, number).get("", 0),
                at_end=at_end,
            )
        )
        active = at_end
    return told


def _counts(sums: Iterable[Sum]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in sums:
        found[one.label] = found.get(one.label, 0) + one.n
    return found


def _involuntary(sums: Iterable[Sum]) -> Sums:
    return {code: -amount for code, amount in worth(one for one in sums if _is_involuntary(one.label)).items()}


def _is_involuntary(label: str) -> bool:
    kind, reason, *_ = parts_of(label)
    return kind == MovementKind.CHURN and reason == Reason.PAYMENT_FAILURE


def _trials(asked: Question, found: Found, number: int) -> TrialCounts:
    if "trials" not in asked.wanted:
        return NO_TRIALS
    counts = found.counts(Measure.TRIAL, number)
    return TrialCounts(*(counts.get(name, 0) for name in ("began", "ended", "converted")))


async def _payments(connection: Connection, asked: Question, measure: Measure, found: Found) -> list[Sums]:
    """By currency; in the base currency, at each day's rate, where there is one."""
    base, count = asked.policy.base_currency, len(asked.periods)
    if "payments" not in asked.wanted:
        return [{}] * count
    sums = {number: found.totals.get((measure, number), ()) for number in range(count)}
    if base is None or all(one.currency == base for each in sums.values() for one in each):
        return [worth(each) for each in sums.values()]
    days = [(number, day) for number, period in enumerate(asked.told) for day in period.days()]
    told: list[list[Total]] = [[] for _ in asked.periods]
    for one in await ledger.totals(connection, asked.scope, (measure,), [day for _, day in days]):
        number, day = days[one.number]
        own = Total(Fraction(one.num, one.den), Currency(one.currency))
        told[number].append(valued(own, None, asked.policy, midnight(day.first, asked.policy)).worth)
    return [by_currency(amounts) for amounts in told]


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
        moved = await ledger.totals(connection, asked.scope, (Measure.MOVED,), [day for _, day in days])
        for (number, _), of in zip(days, bridges_of(start, by_period(moved, len(days))), strict=True):
            found[number].append(next(iter(of.values()), Bridge()))
    for number, period in enumerate(asked.periods):
        if period.last > asked.told[number].last:
            found[number].append(Bridge.of(next((one.end for one in bridges[number].values()), NOTHING), {}))
    return [tuple(each) for each in found]


async def _start(connection: Connection, asked: Question, day: Period) -> Sums:
    return worth(await ledger.before(connection, asked.scope, (Measure.MOVED,), day.first))
