"""The figures that are kept of a segment: its clients and MRR as they are now, and what moved of those clients."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from libs.domain.metrics import Measured, Period
from libs.domain.policy import FxMode
from services.api import series
from services.api.bridging import bridged
from services.api.figures_told import Out, money_told, told
from services.api.money import currency_of, total, yearly
from services.api.periods import before
from services.api.queries import parts
from services.api.queries import segments as stored
from services.api.queries.looks import Look
from services.api.queries.parts import Part
from services.api.queries.segments import Bounds


@dataclass(frozen=True, slots=True)
class SegmentQuestion:
    """Which segment, of which period, and beside which other; `currency`: one of the ledger's alone."""

    segment: Bounds
    period: Period
    earlier: Period | None = None
    currency: str | None = None


async def of_segment(at: Look, asked: SegmentQuestion) -> Out:
    """Clients are those that are in the segment now; so their past is told, and nothing of who has left it."""
    found = await stored.within(at.connection, at.scope.project, at.scope.livemode, asked.segment)
    usual = asked.currency or currency_of(found.mrr, at.policy, at.today)
    now = {
        "mrr": await _mrr(at, asked, found.mrr),
        "revenue_at_risk": _only(found.at_risk, asked.currency),
    }
    now["arr"] = yearly(now["mrr"])
    metrics = await _of_period(at, asked, asked.period, usual)
    content: Out = {
        "segment": asked.segment.name,
        "clients": found.clients,
        "metrics": metrics | {name: _total(at, amounts, usual) for name, amounts in now.items()},
    }
    if asked.earlier is not None:
        content["comparison"] = await _of_period(at, asked, asked.earlier, usual)
    return content


async def _of_period(at: Look, asked: SegmentQuestion, period: Period, usual: str | None) -> Out:
    of = await _moved(at, asked, period)
    values = {name: series.values(name, [of], at.policy)[0] for name in sorted(series.BRIDGED)}
    return {name: told(value, at.policy, usual) for name, value in values.items()}


async def _moved(at: Look, asked: SegmentQuestion, period: Period) -> Measured:
    sums = await parts.moved(at.connection, at.scope, Part(segment=asked.segment), (before(period), period))
    (of,) = bridged(sums, 1)
    return of if asked.currency is None else series.narrowed(of, asked.currency)


async def _mrr(at: Look, asked: SegmentQuestion, present: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """As customers have it now; where rates are locked, as the ledger has it."""
    if at.policy.base_currency is None or at.policy.fx_mode is not FxMode.LOCK:
        return _only(present, asked.currency)
    of = await _moved(at, asked, Period(at.today, at.today))
    return {code: one.end for code, one in of.bridges.items()}


def _only(amounts: Mapping[str, Fraction], code: str | None) -> dict[str, Fraction]:
    return {each: amount for each, amount in amounts.items() if code in (None, each)}


def _total(at: Look, amounts: Mapping[str, Fraction], usual: str | None) -> Out:
    if not amounts and usual is not None:
        return money_told({}, at.policy, usual)
    return total(amounts, at.policy, at.today)
