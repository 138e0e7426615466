"""What one subscription adds to MRR at an instant, and why."""

from fractions import Fraction

from libs.domain.mrr.gross import NOTHING, Gross, gross_of
from libs.domain.mrr.items import idle, lowered, plain, without_tax
from libs.domain.mrr.reduction import reduced
from libs.domain.mrr.results import ItemMrr, Rule, SubscriptionMrr, Terms
from libs.domain.mrr.standing import Standing, standing_of
from libs.domain.mrr.tax import tax_part
from libs.domain.subscription import Item, Subscription

# Gaps of the record that the rules find again by themselves, and only where they matter.
FOUND_HERE = ("tiers:", "amount:", "currency:", "coupon:", "discount:")


def evaluate(subscription: Subscription, terms: Terms) -> SubscriptionMrr:
    """The subscription's MRR under `terms`: items priced and made monthly, discounts and tax taken off, exact.

    What cannot be computed adds nothing and is named in `gaps`; a subscription that doesn't count has none.
    """
    standing = standing_of(subscription, terms)
    grosses = [_gross(item, subscription, terms) for item in subscription.items]
    if not standing.counted:
        idles = tuple(idle(item, grosses[place], standing.rule) for place, item in enumerate(subscription.items))
        return _result(subscription, standing, idles, ())
    if _nothing_to_take_off(subscription, terms):
        return _result(subscription, standing, tuple(map(plain, subscription.items, grosses)), _gaps(grosses))
    return _reduced(subscription, grosses, standing, terms)


def _gross(item: Item, subscription: Subscription, terms: Terms) -> Gross:
    gross = gross_of(item, terms.policy)
    if item.price.currency == subscription.currency or gross.rule is not Rule.COUNTED:
        return gross
    gap = f"currency:{item.price.id}"
    return Gross(NOTHING, Rule.UNKNOWN_PRICE, gap, (f"not computed: the price is in {item.price.currency}",))


def _nothing_to_take_off(subscription: Subscription, terms: Terms) -> bool:
    return (
        not subscription.discounts
        and terms.customer_discount is None
        and not terms.policy.strip_inclusive_tax
        and not any(item.discounts for item in subscription.items)
    )


def _reduced(subscription: Subscription, grosses: list[Gross], standing: Standing, terms: Terms) -> SubscriptionMrr:
    reduction = reduced(subscription, grosses, terms)
    lines, notes = reduction.lines, standing.notes
    items = tuple(
        lowered(item, grosses[place], lines[place]) if place in lines else plain(item, grosses[place])
        for place, item in enumerate(subscription.items)
    )
    if terms.policy.strip_inclusive_tax:
        notes += tuple(f"tax_rate:{item.id}" for item in subscription.items if tax_part(item) is None)
        items = tuple(map(without_tax, subscription.items, items))
    changes = (*reduction.changes, *((standing.next_change,) if standing.next_change else ()))
    until = Standing(True, standing.rule, min(changes, default=None), notes)
    return _result(subscription, until, items, (*_gaps(grosses), *reduction.gaps))


def _result(
    subscription: Subscription, standing: Standing, items: tuple[ItemMrr, ...], gaps: tuple[str, ...]
) -> SubscriptionMrr:
    if standing.counted and subscription.gaps:
        gaps = (*(gap for gap in subscription.gaps if not gap.startswith(FOUND_HERE)), *gaps)
    return SubscriptionMrr(
        subscription.id,
        subscription.currency,
        _sum(items),
        standing.counted,
        standing.rule,
        items,
        tuple(dict.fromkeys(gaps)) if gaps else (),
        standing.notes,
        standing.next_change,
    )


def _sum(items: tuple[ItemMrr, ...]) -> Fraction:
    if len(items) == 1:
        return items[0].amount
    return sum((item.amount for item in items[1:]), items[0].amount) if items else NOTHING


def _gaps(grosses: list[Gross]) -> tuple[str, ...]:
    return tuple(gross.gap for gross in grosses if gross.gap is not None)
