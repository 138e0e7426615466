"""Movements and metrics as a scenario's answer writes them: text in major units, dates in the project's zone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from libs.domain.identity import Currency
from libs.domain.ledger import Movement, MovementKind
from libs.domain.metrics import CohortMonth, Figure, Money, Period, Ratio, bridges, rate_text, rounded, span_of
from libs.domain.money import major_text, shown
from libs.domain.policy import Policy
from libs.domain.totals import Total, by_currency
from libs.wire.contribution_codec import exact_text

Out = dict[str, object]
BRIDGED = ("start", *(kind.value for kind in MovementKind if kind is not MovementKind.TRANSFER), "end", "net")


def movement_told(movement: Movement, policy: Policy) -> Out:
    """One entry of the ledger. What is shown adds up: the amount is what the rounded balance grows by."""
    code, why = movement.currency, movement.cancellation
    amount = major_text(movement.shown, code)
    return {
        "id": movement.id,
        "client": movement.client,
        "customer": movement.customer,
        "kind": movement.kind,
        "amount": amount,
        "currency": code,
        "date": movement.occurred_at.astimezone(ZoneInfo(policy.timezone)).date().isoformat(),
        "occurred_at": time_text(movement.occurred_at),
        "exact": exact_text(movement.amount),
        "before": shown(movement.before, code),
        "after": shown(movement.after, code),
        "base_amount": amount if code == policy.base_currency else None,
        "own_by_currency": {one.currency: shown(one.amount, one.currency) for one in movement.own},
        "subscription": movement.subscription,
        "reason": movement.reason,
        "cancellation_reason": None if why is None else why.reason,
        "cancellation_feedback": None if why is None else why.feedback,
        "estimated": movement.estimated,
        "caused_by": list(movement.caused_by),
    }


def summary_told(movements: tuple[Movement, ...], period: Period, policy: Policy, otherwise: str | None) -> Out:
    """The bridge of the period: in one currency as it is, in several by currency. It adds up as it is written."""
    span = span_of(period, policy.timezone)
    found = {code: one for code, one in bridges(movements, span).items() if not one.is_empty}
    texts = {code: {name: major_text(rounded(one)[name], code) for name in BRIDGED} for code, one in found.items()}
    days: Out = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    if len(texts) > 1:
        return {**days, "currency": None, "by_currency": texts}
    for code, parts in texts.items():
        return {**days, "currency": code, **parts}
    return {**days, "currency": otherwise, **dict.fromkeys(BRIDGED, shown(Fraction(0), otherwise or ""))}


def figures_told(figures: Mapping[str, Figure], otherwise: str | None) -> Out:
    """Every metric: amounts with their currency (`otherwise` where there is none), rates with six places."""
    return {name: _figure_told(figure, otherwise) for name, figure in figures.items()}


def _figure_told(figure: Figure, otherwise: str | None) -> object:
    match figure:
        case Money():
            return _money_told(figure, otherwise)
        case Ratio(value):
            return rate_text(value)
        case tuple():
            return [_cohort_told(one) for one in figure]
        case _:
            return figure


def _money_told(money: Money, otherwise: str | None) -> Out | None:
    if money.undefined:
        return None
    having = {code: amount for code, amount in money.by_currency.items() if amount} or dict(money.by_currency)
    if not having and otherwise is not None:
        having = {Currency(otherwise): Fraction(0)}
    if len(having) == 1:
        code, amount = next(iter(having.items()))
        return {"currency": code, "amount": shown(amount, code)}
    return {"by_currency": {code: shown(amount, code) for code, amount in having.items()}}


def _cohort_told(one: CohortMonth) -> Out:
    return {
        "cohort": one.cohort.isoformat()[:7],
        "month": one.month,
        "subscriber_retention": rate_text(one.subscriber_retention),
        "revenue_retention": rate_text(one.revenue_retention),
    }


def time_text(at: datetime) -> str:
    """An instant in ISO 8601, UTC."""
    return at.isoformat().replace("+00:00", "Z")


def balances(movements: Iterable[Movement]) -> dict[str, dict[Currency, Fraction]]:
    """What the ledger says that each client has now."""
    found: dict[str, list[Total]] = {}
    for one in movements:
        found.setdefault(one.client, []).append(Total(one.amount, one.currency))
    return {client: by_currency(amounts) for client, amounts in found.items()}
