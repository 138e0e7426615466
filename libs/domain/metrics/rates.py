"""Ratios: exact, undefined where the denominator is 0, written with six places."""

from fractions import Fraction

PLACES = 6

Rate = Fraction | None


def ratio(part: Fraction | int, whole: Fraction | int) -> Rate:
    """`part` / `whole`, exact; None where `whole` is 0."""
    if whole == 0:
        return None
    return Fraction(part.numerator * whole.denominator, part.denominator * whole.numerator)


def rate_text(rate: Rate) -> str | None:
    """A rate as it is written: "0.090909"; the last place rounded half up."""
    if rate is None:
        return None
    num, den = rate.numerator * 10**PLACES, rate.denominator
    millionths = (2 * num + den) // (2 * den)
    whole, rest = divmod(abs(millionths), 10**PLACES)
    return f"{'-' if millionths < 0 else ''}{whole}.{rest:0{PLACES}d}"
