"""The lines of a subscription: `items` with prices (or plans), or the one `plan` of 2018."""

from decimal import Decimal

from libs.domain.identity import ItemId
from libs.domain.subscription import Item
from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event.discounts import discount_gaps, discounts_of
from libs.wire.stripe_event.narrowing import exact
from libs.wire.stripe_event.prices import Priced, priced
from libs.wire.stripe_event.shapes import ItemShape, SubscriptionShape, TaxRateShape

_NULL = b"null"


def lines_of(shape: SubscriptionShape) -> tuple[ItemShape, ...]:
    """The lines as listed; where there is no list, the subscription's own plan as one line."""
    if shape.items is not None and shape.items.data:
        return shape.items.data
    if bytes(shape.plan) == _NULL:
        return ()
    return (ItemShape(id=f"{shape.id}:plan", plan=shape.plan, quantity=shape.quantity),)


def items_of(shape: SubscriptionShape, lines: tuple[ItemShape, ...]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """The items, and the names of what is not known of them. Raises MalformedRecord."""
    cut = not lines or (shape.items is not None and shape.items.has_more)
    gaps: tuple[str, ...] = ("items",) if cut else ()
    items = []
    for line in lines:
        price = _priced(line, shape.currency)
        item = _item(line, price, line.tax_rates or shape.default_tax_rates)
        items.append(item)
        gaps += price.gaps
        if item.discounts:
            gaps += tuple(discount_gaps(item.discounts))
    return tuple(items), gaps


def period_of(shape: SubscriptionShape, lines: tuple[ItemShape, ...]) -> tuple[int | None, int | None]:
    """The current period: the subscription's own until basil, since then from the first start to the last end."""
    if shape.current_period_end is not None or shape.current_period_start is not None:
        return shape.current_period_start, shape.current_period_end
    if len(lines) == 1:
        return lines[0].current_period_start, lines[0].current_period_end
    starts = [line.current_period_start for line in lines if line.current_period_start is not None]
    ends = [line.current_period_end for line in lines if line.current_period_end is not None]
    return min(starts, default=None), max(ends, default=None)


def _priced(line: ItemShape, charged_in: str | None) -> Priced:
    data = bytes(line.price)
    if data == _NULL:
        data = bytes(line.plan)
    if data == _NULL:
        raise MalformedRecord(f"item {line.id} has neither price nor plan")
    try:
        return priced(data, charged_in)
    except MalformedRecord as error:
        raise MalformedRecord(f"price of item {line.id}: {error}") from error


def _item(line: ItemShape, price: Priced, rates: tuple[str | TaxRateShape, ...] | None) -> Item:
    return Item(
        id=ItemId(line.id),
        price=price.price,
        quantity=line.quantity,
        discounts=discounts_of(line.discounts) if line.discounts else (),
        inclusive_tax=_inclusive(rates) if rates else None,
    )


def _inclusive(rates: tuple[str | TaxRateShape, ...]) -> tuple[Decimal, ...] | None:
    """The percentages that the amounts contain; None where a rate is given by id only."""
    known = [rate for rate in rates if isinstance(rate, TaxRateShape)]
    if len(known) < len(rates):
        return None
    return tuple(exact(rate.percentage, "tax_rates.percentage") for rate in known if rate.inclusive and rate.percentage)
