"""Inclusive tax: what of a price is tax and not revenue. Exclusive tax comes on top and never counts."""

from fractions import Fraction

from libs.domain.subscription import Item

UNTAXED = Fraction(1)


def tax_part(item: Item) -> Fraction | None:
    """What an amount is divided by to take the tax out: 1 + the sum of its inclusive rates; None: rates unknown."""
    if item.inclusive_tax:
        return 1 + sum((Fraction(rate) for rate in item.inclusive_tax), Fraction(0)) / 100
    if item.price.tax_inclusive and item.inclusive_tax is None:
        return None
    return UNTAXED
