"""How discounts lower the items of one subscription: level by level, percentages before amounts."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from libs.domain.discount import AmountOff, Coupon
from libs.domain.identity import Currency
from libs.domain.mrr.months import months_of
from libs.domain.mrr.wording import AmountTaken, PercentTaken, Reason
from libs.domain.policy import Policy
from libs.domain.price import Price
from libs.domain.value import value

ALL = Fraction(1)


@value(frozen=True, slots=True)
class Line:
    """A counted item on its way through the discounts: `net` is what it adds a month so far."""

    price: Price
    net: Fraction
    reasons: tuple[Reason, ...] = ()
    gaps: tuple[str, ...] = ()


@value(frozen=True, slots=True)
class Setting:
    """What the coupons meet: amounts off are given by currency, and per invoice."""

    currency: Currency
    policy: Policy


def discounted(lines: tuple[Line, ...], coupons: Sequence[Coupon], setting: Setting) -> tuple[Line, ...]:
    """The lines after the coupons of one level: all percentages, compounding, then all amounts. Never below 0."""
    for coupon in coupons:
        if coupon.percent_off is not None:
            lines = _percent_off(lines, coupon, setting)
    for coupon in coupons:
        if coupon.percent_off is None:
            lines = _amount_off(lines, coupon, setting)
    return lines


def _percent_off(lines: tuple[Line, ...], coupon: Coupon, setting: Setting) -> tuple[Line, ...]:
    part = _part(coupon.percent_off or Decimal(0))
    return tuple(
        _less(line, PercentTaken(coupon, line.net * part, setting.currency))
        if _applies(coupon, line)
        else _unsure(line, coupon)
        for line in lines
    )


def _amount_off(lines: tuple[Line, ...], coupon: Coupon, setting: Setting) -> tuple[Line, ...]:
    off = next((each for each in coupon.amounts_off if each.currency == setting.currency), None)
    if off is None:
        gap = f"coupon_currency:{coupon.id}" if coupon.amounts_off else f"coupon:{coupon.id}"
        return tuple(Line(line.price, line.net, line.reasons, (*line.gaps, gap)) for line in lines)
    matching = [line for line in lines if _applies(coupon, line) and line.net > 0]
    if not matching:
        return tuple(_unsure(line, coupon) for line in lines)
    months = _months(matching, setting.policy)
    return _shared_out(lines, AmountTaken(coupon, off, months, _share(off, months, matching)))


def _months(lines: Sequence[Line], policy: Policy) -> Fraction:
    """How far apart the invoices are that an amount comes off. Where intervals are mixed, the shortest tells: the
    longer ones fall on the same invoices."""
    return min(months_of(line.price.recurring, policy) for line in lines if line.price.recurring is not None)


def _share(off: AmountOff, months: Fraction, lines: Sequence[Line]) -> Fraction:
    """What part of each line the amount takes: it is shared out by what the lines cost a month, and at most all."""
    return min(off.amount / months / sum((line.net for line in lines), Fraction(0)), ALL)


def _shared_out(lines: tuple[Line, ...], share: AmountTaken) -> tuple[Line, ...]:
    coupon, part = share.coupon, share.taken
    return tuple(
        _less(line, AmountTaken(coupon, share.off, share.months, line.net * part))
        if _applies(coupon, line)
        else _unsure(line, coupon)
        for line in lines
    )


def _applies(coupon: Coupon, line: Line) -> bool:
    return coupon.products is None or line.price.product in coupon.products


def _unsure(line: Line, coupon: Coupon) -> Line:
    """A coupon for some products leaves an item of unknown product alone, and says so."""
    if coupon.products is None or line.price.product is not None:
        return line
    return Line(line.price, line.net, line.reasons, (*line.gaps, f"product:{line.price.id}"))


def _less(line: Line, reason: PercentTaken | AmountTaken) -> Line:
    return Line(line.price, line.net - reason.taken, (*line.reasons, reason), line.gaps)


@lru_cache
def _part(percent: Decimal) -> Fraction:
    return min(Fraction(percent) / 100, ALL)
