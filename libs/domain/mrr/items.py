"""One item's answer: counted as it is, lowered by discounts, without its tax, or not counted at all."""

from fractions import Fraction

from libs.domain.mrr.discounting import Line
from libs.domain.mrr.gross import NOTHING, Gross
from libs.domain.mrr.results import ItemMrr, Rule
from libs.domain.mrr.tax import UNTAXED, tax_part
from libs.domain.mrr.wording import TaxTaken
from libs.domain.subscription import Item


def plain(item: Item, gross: Gross) -> ItemMrr:
    """The item at its gross amount."""
    return _answer(item, gross, NOTHING, gross.amount)


def lowered(item: Item, gross: Gross, line: Line) -> ItemMrr:
    """The item after its discounts."""
    told = Gross(gross.amount, gross.rule, None, gross.why + line.reasons)
    return _answer(item, told, gross.amount - line.net, line.net)


def idle(item: Item, gross: Gross, rule: Rule) -> ItemMrr:
    """The item of a subscription that doesn't count by `rule`; its gross amount is what it would add."""
    told = Gross(gross.amount, rule, None, (*gross.why, f"not counted: {rule}"))
    return _answer(item, told, NOTHING, NOTHING)


def without_tax(item: Item, answer: ItemMrr) -> ItemMrr:
    """The answer less inclusive tax. Tax goes last: an amount off lowers the price with the tax in it."""
    part = tax_part(item)
    if part is None or part == UNTAXED:
        return answer
    told = Gross(answer.gross / part, answer.rule, None, (*answer.reasons, TaxTaken(part)))
    return _answer(item, told, answer.discount / part, answer.amount / part)


def _answer(item: Item, gross: Gross, discount: Fraction, amount: Fraction) -> ItemMrr:
    price = item.price
    recurring = price.recurring
    return ItemMrr(
        item.id,
        price.id,
        price.product,
        None if recurring is None else recurring.interval,
        0 if recurring is None else recurring.interval_count,
        item.quantity,
        gross.amount,
        discount,
        amount,
        gross.rule,
        gross.why,
    )
