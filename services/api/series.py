"""One metric over time: which parts of the ledger's sums it needs, and its value in each period."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.metrics import (
    Figure,
    Measured,
    Money,
    Present,
    in_period_figure,
    present_figures,
    subscriber_churn_rate,
)
from libs.domain.policy import Policy

BRIDGE = frozenset({"bridges"})
CLIENTS = frozenset({"clients"})
KEPT = BRIDGE | {"kept"}
LOSSES = BRIDGE | {"losses"}
TRIALS = frozenset({"trials"})
PAYMENTS = BRIDGE | {"payments"}
# What each series needs. The rest of the metrics is known of the present only.
NEEDS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("mrr", "arr", "start", "new", "expansion", "contraction", "churn", "reactivation", "fx"), BRIDGE),
    **dict.fromkeys(("end", "net", "growth_rate", "churned_revenue", "quick_ratio"), BRIDGE),
    **dict.fromkeys(("gross_mrr_churn_rate", "net_mrr_churn_rate"), BRIDGE | {"daily"}),
    **dict.fromkeys(("net_revenue_retention", "gross_revenue_retention"), KEPT),
    **dict.fromkeys(("subscriber_churn_rate", "active_subscribers"), CLIENTS),
    **dict.fromkeys(("arpa", "ltv"), BRIDGE | CLIENTS),
    **dict.fromkeys(("voluntary_churn_mrr", "involuntary_churn_mrr"), LOSSES),
    **dict.fromkeys(("new_trials", "trials_ended", "trial_conversion_rate"), TRIALS),
    **dict.fromkeys(("revenue", "revenue_paid", "revenue_refunded"), PAYMENTS),
    "failed_payments": frozenset({"failed"}),
}
ALIASES = {
    "stripe_mrr": "mrr",
    "stripe_arr": "arr",
    "stripe_revenue": "revenue",
    "stripe_failed_payments": "failed_payments",
}
PRESENT_ONLY = (
    "active_subscriptions",
    "customers",
    "revenue_at_risk",
    "scheduled_churn",
    "stripe_active_subscriptions",
    "stripe_customers",
)
BRIDGED = frozenset(name for name, needs in NEEDS.items() if needs == BRIDGE)
"""What can be told of a part of the clients from its movements' sums alone."""
OF_LEDGER = frozenset(name for name, needs in NEEDS.items() if not needs & {"trials", "payments", "failed"})


def values(name: str, periods: Sequence[Measured], policy: Policy) -> list[Figure]:
    """The metric's value in each period; of what is held, at its end."""
    return [_value(name, one, policy) for one in periods]


def at_end(of: Measured, policy: Policy) -> dict[str, Figure]:
    """What is held rather than moved, as it was when the period ended."""
    return {name: told(of, policy) for name, told in AT_END.items()}


def narrowed(of: Measured, currency: str) -> Measured:
    """Only what is in this currency of the ledger."""
    code = Currency(currency)
    return replace(
        of,
        bridges={each: one for each, one in of.bridges.items() if each == code},
        kept={each: one for each, one in of.kept.items() if each == code},
        daily=of.daily if set(of.bridges) == {code} else (),
        involuntary={each: one for each, one in of.involuntary.items() if each == code},
        paid={each: one for each, one in of.paid.items() if each == code},
        refunded={each: one for each, one in of.refunded.items() if each == code},
    )


def _value(name: str, of: Measured, policy: Policy) -> Figure:
    held = AT_END.get(name)
    return held(of, policy) if held is not None else in_period_figure(name, of, policy)


def _ends(of: Measured) -> dict[Currency, Fraction]:
    return {code: one.end for code, one in of.bridges.items()}


def _present(name: str) -> Callable[[Measured, Policy], Figure]:
    def told(of: Measured, policy: Policy) -> Figure:
        churn = subscriber_churn_rate(of.clients, policy.subscriber_churn_formula)
        present = Present(_ends(of), 0, of.clients.at_end, 0)
        return present_figures(present, churn)[name]

    return told


AT_END: Mapping[str, Callable[[Measured, Policy], Figure]] = {
    "mrr": lambda of, _: Money(_ends(of)),
    "arr": lambda of, _: Money({code: 12 * amount for code, amount in _ends(of).items()}),
    "active_subscribers": lambda of, _: of.clients.at_end,
    "arpa": _present("arpa"),
    "ltv": _present("ltv"),
}
