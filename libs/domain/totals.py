"""Sums of MRR: by currency always; in one currency where there is only one, or a rate for each of the others."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.money import converted
from libs.domain.policy import Policy, rate_on
from libs.domain.value import value

ZERO = Fraction(0)


@value(frozen=True, slots=True)
class Total:
    """Exact minor units of one currency."""

    amount: Fraction
    currency: Currency


def by_currency(amounts: Iterable[Total]) -> dict[Currency, Fraction]:
    """The sum of each currency, by its code; one that adds nothing is listed with 0."""
    sums: dict[Currency, Fraction] = {}
    for each in amounts:
        sums[each.currency] = sums.get(each.currency, ZERO) + each.amount
    return dict(sorted(sums.items()))


def in_one_currency(sums: Mapping[Currency, Fraction], policy: Policy, day: date) -> Total | None:
    """All sums together: in the base currency at the rates of `day`; without one, in the only currency that has any.

    None where a rate is missing, where several currencies have amounts, or where there is no currency at all.
    """
    base = policy.base_currency
    if base is not None:
        return _in_base(sums, base, policy, day)
    having = [currency for currency, amount in sums.items() if amount] or list(sums)
    return Total(sums[having[0]], having[0]) if len(having) == 1 else None


def missing_rates(sums: Mapping[Currency, Fraction], policy: Policy, day: date) -> tuple[Currency, ...]:
    """The currencies with amounts that cannot be turned into the base currency on `day`."""
    base = policy.base_currency
    if base is None:
        return ()
    return tuple(
        currency
        for currency, amount in sums.items()
        if amount and currency != base and rate_on(policy.fx, currency, day) is None
    )


def _in_base(sums: Mapping[Currency, Fraction], base: Currency, policy: Policy, day: date) -> Total | None:
    total = ZERO
    for currency, amount in sums.items():
        rate = None if currency == base else rate_on(policy.fx, currency, day)
        if currency == base or not amount:
            total += amount
        elif rate is None:
            return None
        else:
            total += converted(amount, currency, base, rate.rate)
    return Total(total, base)
