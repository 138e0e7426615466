"""Discounts and tax of one counted subscription: which hold, at which level, and what they leave of each item."""

from collections.abc import Sequence
from datetime import datetime

from libs.domain.mrr.discounting import Line, Setting, discounted
from libs.domain.mrr.gross import Gross
from libs.domain.mrr.in_force import NONE_IN_FORCE, InForce, in_force
from libs.domain.mrr.results import Rule, Terms
from libs.domain.subscription import Item, Subscription
from libs.domain.value import value


@value(frozen=True, slots=True)
class Reduction:
    """`lines` are the counted items after discounts, each by its place among the subscription's items."""

    lines: dict[int, Line]
    gaps: tuple[str, ...]
    changes: tuple[datetime, ...]


def reduced(subscription: Subscription, grosses: Sequence[Gross], terms: Terms) -> Reduction:
    """Item discounts first, then those of the subscription; without any in force, the customer's."""
    setting = Setting(subscription.currency, terms.policy)
    places = [place for place, gross in enumerate(grosses) if gross.rule is Rule.COUNTED]
    levels: list[InForce] = []
    lines: tuple[Line, ...] = ()
    for place in places:
        own = _on_item(subscription.items[place], terms)
        levels.append(own)
        lines += discounted((Line(subscription.items[place].price, grosses[place].amount),), own.coupons, setting)
    for shared in _on_all(subscription, terms):
        levels.append(shared)
        lines = discounted(lines, shared.coupons, setting)
    return Reduction(
        lines=dict(zip(places, lines, strict=True)),
        gaps=(
            *(gap for level in levels for gap in (*level.gaps, *_unverified(level, subscription))),
            *(gap for line in lines for gap in line.gaps),
        ),
        changes=tuple(change for level in levels for change in level.changes),
    )


def _on_item(item: Item, terms: Terms) -> InForce:
    return in_force(item.discounts, terms) if item.discounts else NONE_IN_FORCE


def _on_all(subscription: Subscription, terms: Terms) -> tuple[InForce, ...]:
    """A subscription's own discount replaces the customer's, whether it lowers MRR or not."""
    own = in_force(subscription.discounts, terms) if subscription.discounts else NONE_IN_FORCE
    if own.present or terms.customer_discount is None:
        return (own,)
    return (own, in_force((terms.customer_discount,), terms))


def _unverified(level: InForce, subscription: Subscription) -> tuple[str, ...]:
    """Coupons that lower MRR though the record says that not all of their terms have been seen."""
    if not subscription.gaps:
        return ()
    named = (f"coupon:{coupon.id}" for coupon in level.coupons)
    return tuple(gap for gap in named if gap in subscription.gaps)
