"""MRR that is in danger: what will end by a scheduled cancellation, and what hangs on clients with a signal."""

from collections.abc import Collection, Iterable
from datetime import datetime
from fractions import Fraction

from libs.domain.identity import ClientId, Currency, SubscriptionId
from libs.domain.ledger import Movement, Step
from libs.domain.ledger.valuation import valued
from libs.domain.mrr.standing import ending
from libs.domain.policy import Policy
from libs.domain.totals import by_currency


def scheduled_churn(steps: Iterable[Step], policy: Policy, now: datetime) -> dict[Currency, Fraction]:
    """What counts now and will end by a cancellation that is already asked for, by the ledger's currencies."""
    last: dict[SubscriptionId, Step] = {}
    for step in steps:
        last[step.subscription] = step
    leaving = (step for step in last.values() if step.amount and _leaves(step, now))
    return by_currency(valued(step.own, None, policy, now).worth for step in leaving)


def _leaves(step: Step, now: datetime) -> bool:
    end = ending(step.version.content)
    return end is not None and end > now


def mrr_of(movements: Iterable[Movement], clients: Collection[ClientId]) -> dict[Currency, Fraction]:
    """The present MRR of these clients."""
    sums: dict[Currency, Fraction] = {}
    for one in movements:
        if one.client in clients:
            sums[one.currency] = sums.get(one.currency, Fraction(0)) + one.amount
    return sums
