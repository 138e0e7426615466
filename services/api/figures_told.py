"""Metrics as answers carry them: amounts as money objects, rates with six places, what is undefined as null."""

from collections.abc import Mapping
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.metrics import CohortMonth, Figure, Money, Ratio, rate_text
from libs.domain.policy import Policy
from services.api.money import by_currency, money

Out = dict[str, object]


def told(figure: Figure, policy: Policy, usual: str | None) -> object:
    """One figure; `usual` is the currency of an amount that is nothing."""
    match figure:
        case Money():
            return None if figure.undefined else money_told(figure.by_currency, policy, usual)
        case Ratio(value):
            return rate_text(value)
        case tuple():
            return [cohort_told(one) for one in figure]
        case _:
            return figure


def all_told(figures: Mapping[str, Figure], policy: Policy, usual: str | None) -> Out:
    """Every figure by its name."""
    return {name: told(figure, policy, usual) for name, figure in figures.items()}


def money_told(amounts: Mapping[Currency, Fraction], policy: Policy, usual: str | None) -> Out:
    """In the only currency, or by currency. Under a base currency others are those whose rate is missing."""
    every: dict[str, Fraction] = {code: amount for code, amount in amounts.items()}  # noqa: C416 – keys become text
    having = {code: amount for code, amount in every.items() if amount}
    if not having and usual is not None:
        return money(Fraction(0), usual)
    having = having or every
    base = policy.base_currency
    missing = [] if base is None else sorted(code for code in having if code != base)
    if len(having) == 1 and not missing:
        ((code, amount),) = having.items()
        return money(amount, code)
    gap: Out = {"missing_rates": missing} if missing else {}
    return {**by_currency(having), **gap}


def cohort_told(one: CohortMonth) -> Out:
    """A cohort in one of its months."""
    return {
        "cohort": one.cohort.isoformat()[:7],
        "month": one.month,
        "subscriber_retention": rate_text(one.subscriber_retention),
        "revenue_retention": rate_text(one.revenue_retention),
    }
