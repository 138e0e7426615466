"""How much leaves: subscribers and revenue, by the formula that the policy names."""

from collections.abc import Iterable
from typing import assert_never

from libs.domain.ledger import MovementKind
from libs.domain.metrics.bridge import NOTHING, Bridge
from libs.domain.metrics.measured import Clients
from libs.domain.metrics.rates import Rate, ratio
from libs.domain.policy import SubscriberChurnFormula

RETURNS = (MovementKind.EXPANSION, MovementKind.REACTIVATION)


def subscriber_churn_rate(clients: Clients, formula: SubscriberChurnFormula) -> Rate:
    """Clients who left. Stripe: over those at the start and the new ones. ChartMogul: over those at the start, and
    without those who joined or came back within the period."""
    match formula:
        case SubscriberChurnFormula.STRIPE:
            return ratio(clients.churned, clients.at_start + clients.new)
        case SubscriberChurnFormula.CHARTMOGUL_STANDARD:
            return ratio(clients.gone, clients.at_start)
        case _:
            assert_never(formula)


def gross_churn(of: Bridge) -> Rate:
    """(Churn + contraction) / start."""
    return ratio(of.lost, of.start)


def net_churn(of: Bridge) -> Rate:
    """(Churn + contraction − expansion − reactivation) / start."""
    return ratio(of.lost - sum((of.by(kind) for kind in RETURNS), NOTHING), of.start)


def added_up(rates: Iterable[Rate]) -> Rate:
    """The sum of daily rates, of the days that have one."""
    known = [rate for rate in rates if rate is not None]
    return sum(known, NOTHING) if known else None
