"""What an item adds a month before discounts and tax."""

from fractions import Fraction
from functools import lru_cache

from libs.domain.money import shown
from libs.domain.mrr.pricing import UnknownPrice, period_amount
from libs.domain.mrr.results import Rule
from libs.domain.mrr.wording import Reason, calculation
from libs.domain.policy import Policy
from libs.domain.price import Interval, Price, Recurring, UsageType
from libs.domain.subscription import Item
from libs.domain.value import value

REMEMBERED = 65_536  # prices are few and quantities small: most items of a stream have been priced before

NOTHING = Fraction(0)


@value(frozen=True, slots=True)
class Gross:
    """`rule` tells whether the item counts at all; `gap` what of its price is not known."""

    amount: Fraction
    rule: Rule
    gap: str | None = None
    why: tuple[Reason, ...] = ()


ONE_TIME = Gross(NOTHING, Rule.ONE_TIME, why=("a one-time price does not recur",))
METERED = Gross(NOTHING, Rule.METERED, why=("metered usage is not counted",))


def gross_of(item: Item, policy: Policy) -> Gross:
    """The item a month: its own price at its own interval, whatever the subscription's other items have."""
    recurring = item.price.recurring
    if recurring is None:
        return ONE_TIME
    if recurring.usage_type is UsageType.METERED and not policy.include_metered:
        return METERED
    match recurring.interval:
        case Interval.DAY:
            return _monthly(item.price, item.quantity, policy.day_factor)
        case Interval.WEEK:
            return _monthly(item.price, item.quantity, policy.week_factor)
        case _:
            return _monthly(item.price, item.quantity, None)


@lru_cache(REMEMBERED)
def _monthly(price: Price, quantity: int | None, a_month: Fraction | None) -> Gross:
    """`a_month`: how often the interval of a daily or weekly price fits into a month."""
    recurring = price.recurring
    assert recurring is not None
    metered = recurring.usage_type is UsageType.METERED
    units = (0 if metered else 1) if quantity is None else quantity
    try:
        amount = period_amount(price, units)
    except UnknownPrice as unknown:
        return Gross(NOTHING, Rule.UNKNOWN_PRICE, unknown.gap, (f"not computed: {unknown.gap} is not known",))
    periods, text = _periods(recurring, a_month)
    monthly = amount * periods
    why = (calculation(price, units, amount), f"{text} = {shown(monthly, price.currency)} {price.currency} a month")
    if metered and quantity is None:
        return Gross(monthly, Rule.COUNTED, f"usage:{price.id}", (*why, "usage is not known: counted as 0"))
    return Gross(monthly, Rule.COUNTED, None, why)


def _periods(recurring: Recurring, a_month: Fraction | None) -> tuple[Fraction, str]:
    count = recurring.interval_count
    if a_month is not None:
        each = "" if count == 1 else f" ÷ {count}"
        return a_month / count, f"× {a_month} {recurring.interval}s a month{each}"
    months = count * (12 if recurring.interval is Interval.YEAR else 1)
    return Fraction(1, months), "each month" if months == 1 else f"÷ {months} months"
