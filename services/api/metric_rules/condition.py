"""What a rule asks of a metric, and whether it is met: pure."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

import msgspec

from libs.domain.identity import Currency
from libs.domain.metrics import Figure, Money, Ratio
from libs.domain.money import minor_digits
from services.api.series import NEEDS

METRICS = frozenset(NEEDS)
DECIMAL = r"^-?\d{1,15}(\.\d{1,6})?$"


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`metric` over the `days` that end today, `above` or `below` a value; or a change to the as many days before, that
    `rises_by` or `falls_by` so many percent. Amounts are in major units; rates are fractions of 1."""

    metric: Annotated[str, msgspec.Meta(max_length=50)]
    comparison: Literal["above", "below", "rises_by", "falls_by"]
    value: Annotated[str, msgspec.Meta(pattern=DECIMAL)]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7
    currency: Annotated[str, msgspec.Meta(pattern="^[a-z]{3}$")] | None = None

    @property
    def is_change(self) -> bool:
        return self.comparison in ("rises_by", "falls_by")


@dataclass(frozen=True, slots=True)
class Reading:
    """The metric now and in the period before, in what people read: major units, counts, fractions of 1."""

    now: Fraction | None
    before: Fraction | None
    currency: str | None = None

    @property
    def change(self) -> Fraction | None:
        """By how many percent it rose; None where there is nothing to compare with."""
        if self.now is None or not self.before:
            return None
        return (self.now - self.before) / abs(self.before) * 100


def fault_of(condition: Condition) -> str | None:
    """Why the rules can't be asked this; None when they can."""
    if condition.metric not in METRICS:
        return f"is no metric that has a history; those are {', '.join(sorted(METRICS))}"
    if condition.is_change and Fraction(condition.value) <= 0:
        return "a change is given in percent above 0"
    return None


def is_met(condition: Condition, reading: Reading) -> bool | None:
    """Whether the metric is where the rule warns of; None where that can't be told."""
    limit = Fraction(condition.value)
    match condition.comparison:
        case "above":
            return None if reading.now is None else reading.now > limit
        case "below":
            return None if reading.now is None else reading.now < limit
        case "rises_by":
            return None if reading.change is None else reading.change >= limit
        case "falls_by":
            return None if reading.change is None else reading.change <= -limit


def reading_of(condition: Condition, now: Figure, before: Figure) -> Reading:
    """The figures as the rule reads them. Several currencies without one named give nothing: they don't add up."""
    currency = _currency(condition, now, before)
    return Reading(_number(now, currency), _number(before, currency), currency)


def told(condition: Condition, reading: Reading) -> str:
    """One sentence: what the metric does, and what the limit is."""
    name = condition.metric.replace("_", " ")
    over = f"over {condition.days} day{'s' if condition.days > 1 else ''}"
    if not condition.is_change:
        return f"{name} is {_shown(reading, reading.now)} {over}, {condition.comparison} {condition.value}"
    change = reading.change or Fraction(0)
    way = "rose" if change > 0 else "fell"
    return (
        f"{name} {way} by {_plain(abs(change))} % {over}, from {_shown(reading, reading.before)}"
        f" to {_shown(reading, reading.now)}; the limit is {condition.value} %"
    )


def _currency(condition: Condition, *figures: Figure) -> str | None:
    codes = {code for figure in figures if isinstance(figure, Money) for code in figure.by_currency}
    if condition.currency is not None or len(codes) != 1:
        return condition.currency
    return next(iter(codes))


def _number(figure: Figure, currency: str | None) -> Fraction | None:
    match figure:
        case Money():
            if figure.undefined or (currency is None and figure.by_currency):
                return None
            if currency is None:
                return Fraction(0)
            return figure.by_currency.get(Currency(currency), Fraction(0)) / int(10 ** minor_digits(currency))
        case Ratio():
            return figure.value
        case int():
            return Fraction(figure)
        case _:
            return None


def _shown(reading: Reading, number: Fraction | None) -> str:
    if number is None:
        return "unknown"
    return f"{_plain(number)}{'' if reading.currency is None else f' {reading.currency}'}"


def _plain(number: Fraction) -> str:
    """With two decimals, four for what is below one; no more zeros than needed."""
    places = 2 if abs(number) >= 1 else 4
    scaled = round(number * 10**places)
    whole, part = divmod(abs(scaled), 10**places)
    text = f"{'-' if scaled < 0 else ''}{whole}.{part:0{places}d}"
    return re.sub(r"\.?0+$", "", text) if "." in text else text
