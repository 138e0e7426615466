"""How much leaves: subscribers and revenue, by the formula that the policy names."""

from collections.abc import Sequence
from fractions import Fraction

from libs.domain.identity import ClientId
from libs.domain.ledger import Movement, MovementKind, Reason
from libs.domain.metrics.bridge import NOTHING, Bridge, active_clients, bridge
from libs.domain.metrics.period import Period, Span, span_of
from libs.domain.metrics.rates import Rate, ratio
from libs.domain.policy import ChurnFormula, Policy, SubscriberChurnFormula

Kind = MovementKind
RETURNS = (Kind.EXPANSION, Kind.REACTIVATION)


def subscriber_churn_rate(movements: Sequence[Movement], span: Span, formula: SubscriberChurnFormula) -> Rate:
    """Clients who left. Stripe: over those at the start and the new ones. ChartMogul: over those at the start, and
    without those who joined or came back within the period."""
    at_start = active_clients(movements, span)
    churned = _clients_with(movements, span, Kind.CHURN)
    match formula:
        case SubscriberChurnFormula.STRIPE:
            return ratio(len(churned), len(at_start) + len(_clients_with(movements, span, Kind.NEW)))
        case SubscriberChurnFormula.CHARTMOGUL_STANDARD:
            at_end = active_clients(movements, Span(span.end, span.end))
            return ratio(len((churned & at_start) - at_end), len(at_start))


def gross_mrr_churn_rate(movements: Sequence[Movement], period: Period, policy: Policy) -> Rate:
    """(Churn + contraction) / start, of movements of one currency; or the sum of each day's."""
    return _rate(movements, period, policy, net=False)


def net_mrr_churn_rate(movements: Sequence[Movement], period: Period, policy: Policy) -> Rate:
    """(Churn + contraction − expansion − reactivation) / start, or the sum of each day's."""
    return _rate(movements, period, policy, net=True)


def voluntary_and_involuntary(movements: Sequence[Movement], span: Span) -> tuple[Fraction, Fraction]:
    """Churned MRR of one currency: what subscribers decided, and what failed payments took. Together all churn."""
    churned = [one for one in movements if one.kind is Kind.CHURN and span.holds(one.occurred_at)]
    involuntary = -sum((one.amount for one in churned if one.reason is Reason.PAYMENT_FAILURE), NOTHING)
    return -sum((one.amount for one in churned), NOTHING) - involuntary, involuntary


def _clients_with(movements: Sequence[Movement], span: Span, kind: MovementKind) -> frozenset[ClientId]:
    return frozenset(one.client for one in movements if one.kind is kind and span.holds(one.occurred_at))


def _rate(movements: Sequence[Movement], period: Period, policy: Policy, net: bool) -> Rate:
    if policy.churn_formula is ChurnFormula.STANDARD:
        return _of(bridge(movements, span_of(period, policy.timezone)), net)
    daily = (_of(bridge(movements, span_of(day, policy.timezone)), net) for day in period.days())
    known = [rate for rate in daily if rate is not None]
    return sum(known, NOTHING) if known else None


def _of(of: Bridge, net: bool) -> Rate:
    won = sum((of.by(kind) for kind in RETURNS), NOTHING) if net else NOTHING
    return ratio(of.lost - won, of.start)
