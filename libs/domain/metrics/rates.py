"""Ratios: exact, undefined where the denominator is 0, written with six places."""

from fractions import Fraction

from libs.domain.money import round_half_up

PLACES = 6

Rate = Fraction | None


def ratio(part: Fraction | int, whole: Fraction | int) -> Rate:
    """`part` / `whole`, exact; None where `whole` is 0."""
    return None if whole == 0 else Fraction(part) / Fraction(whole)


def rate_text(rate: Rate) -> str | None:
    """A rate as it is written: "0.090909"; the last place rounded half up."""
    if rate is None:
        return None
    millionths = round_half_up(rate * 10**PLACES)
    whole, rest = divmod(abs(millionths), 10**PLACES)
    return f"{'-' if millionths < 0 else ''}{whole}.{rest:0{PLACES}d}"
