"""How an amount came about, in words for people. Reasons stay values until somebody asks: most are never read."""

from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from libs.domain.discount import AmountOff, Coupon
from libs.domain.money import shown, unit_text
from libs.domain.mrr.pricing import packages, steps, volume_tier
from libs.domain.price import Price, Tier, TiersMode
from libs.domain.value import value


@value(frozen=True, slots=True)
class PercentTaken:
    """A percentage off, and what it took a month."""

    coupon: Coupon
    taken: Fraction
    currency: str

    def __str__(self) -> str:
        terms = f"{self.coupon.percent_off}% ({self.coupon.id}, {self.coupon.duration})"
        return f"− {terms} = − {shown(self.taken, self.currency)} {self.currency} a month"


@value(frozen=True, slots=True)
class AmountTaken:
    """An amount off each invoice, and this item's share of it a month."""

    coupon: Coupon
    off: AmountOff
    months: Fraction
    taken: Fraction

    def __str__(self) -> str:
        each = f"{shown(Fraction(self.off.amount), self.off.currency)} {self.off.currency} per invoice"
        terms = f"{each} ({self.coupon.id}, {self.coupon.duration}) ÷ {self.months} months"
        return f"− {terms}, this item's share = − {shown(self.taken, self.off.currency)} {self.off.currency} a month"


@value(frozen=True, slots=True)
class TaxTaken:
    """Inclusive tax taken out by dividing by `part`."""

    part: Fraction

    def __str__(self) -> str:
        return f"÷ {Decimal(self.part.numerator) / Decimal(self.part.denominator)} (inclusive tax)"


Reason = str | PercentTaken | AmountTaken | TaxTaken


def calculation(price: Price, units: int, amount: Fraction) -> str:
    """From price and quantity to `amount` per billing period."""
    total = f"{shown(amount, price.currency)} {price.currency}"
    tiers = price.tiers or ()
    match price.tiers_mode:
        case None:
            return f"{_units(price, units)} = {total}"
        case TiersMode.GRADUATED:
            reached = " + ".join(_step(tier, part, price.currency) for tier, part in steps(tiers, units))
            return f"graduated tiers for {units}: {reached} = {total}"
        case TiersMode.VOLUME:
            return f"volume tier for {units}: {_step(volume_tier(tiers, units), units, price.currency)} = {total}"
        case _:
            assert_never(price.tiers_mode)


def _units(price: Price, units: int) -> str:
    each = "?" if price.unit_amount is None else unit_text(price.unit_amount, price.currency)
    if price.package is None:
        return f"{units} × {each}"
    size = price.package.divide_by
    return f"{packages(units, price.package)} packages × {each} ({units} in packages of {size})"


def _step(tier: Tier, units: int, currency: str) -> str:
    flat = f" + {unit_text(tier.flat_amount, currency)} flat" if tier.flat_amount else ""
    return f"{units} × {unit_text(tier.unit_amount, currency)}{flat}"
