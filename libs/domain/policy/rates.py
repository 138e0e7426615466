"""Exchange rates of a project: dated, with their source, never guessed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from libs.domain.identity import Currency


@dataclass(frozen=True, slots=True)
class Rate:
    """One `currency` is worth `rate` of the base currency, from `day` on (None: on days before any dated rate too)."""

    currency: Currency
    rate: Fraction
    day: date | None = None
    source: str | None = None


def rate_on(rates: Iterable[Rate], currency: str, day: date) -> Rate | None:
    """The newest rate of `currency` that is not later than `day`, else its undated one, else None: it is missing."""
    found: Rate | None = None
    for rate in rates:
        if rate.currency != currency or (rate.day is not None and rate.day > day):
            continue
        if found is None or (rate.day or date.min) >= (found.day or date.min):
            found = rate
    return found
