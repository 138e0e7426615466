"""Amounts as answers carry them: rounded once, the exact fraction beside; never one sum of several currencies."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from libs.domain.money import converted, shown
from libs.domain.policy import Policy, rate_on
from libs.wire.contribution_codec import exact_text

ZERO = Fraction(0)
MONTHS_A_YEAR = 12


def money(exact: Fraction, currency: str) -> dict[str, object]:
    """One amount of minor units."""
    return {"amount": shown(exact, currency), "currency": currency, "exact": exact_text(exact)}


def total(totals: Mapping[str, Fraction], policy: Policy, day: date) -> dict[str, object]:
    """A sum: in the base currency if there is one and every rate is known, in the only currency, or by currency.

    `missing_rates` names the currencies whose rate of `day` is not known.
    """
    base = policy.base_currency
    if base is not None:
        missing = missing_rates(totals, policy, day)
        if not missing:
            return money(in_one(totals, policy, day), base)
        return {**by_currency(totals), "missing_rates": missing}
    if len(totals) == 1:
        ((code, exact),) = totals.items()
        return money(exact, code)
    return by_currency(totals)


def by_currency(totals: Mapping[str, Fraction]) -> dict[str, object]:
    """Amounts of several currencies side by side."""
    return {
        "by_currency": {code: shown(exact, code) for code, exact in sorted(totals.items())},
        "exact": {code: exact_text(exact) for code, exact in sorted(totals.items())},
    }


def currency_of(totals: Mapping[str, Fraction], policy: Policy, day: date) -> str | None:
    """The currency that `total` answers in; None where it answers by currency."""
    if policy.base_currency is not None:
        return None if missing_rates(totals, policy, day) else policy.base_currency
    return next(iter(totals)) if len(totals) == 1 else None


def yearly(monthly: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """ARR of MRR, by currency."""
    return {code: exact * MONTHS_A_YEAR for code, exact in monthly.items()}


def missing_rates(totals: Mapping[str, Fraction], policy: Policy, day: date) -> list[str]:
    """The currencies that can't be turned into the base currency."""
    return [code for code in sorted(totals) if code != policy.base_currency and rate_on(policy.fx, code, day) is None]


def in_one(totals: Mapping[str, Fraction], policy: Policy, day: date) -> Fraction:
    """The sum in the currency that `currency_of` names, which must not be None."""
    return sum((_in_base(exact, code, policy, day) for code, exact in totals.items()), ZERO)


def _in_base(exact: Fraction, code: str, policy: Policy, day: date) -> Fraction:
    base = policy.base_currency
    rate = rate_on(policy.fx, code, day)
    if base is None or rate is None:
        return exact
    return converted(exact, code, base, rate.rate)
