"""How a customer stands at an instant: the versions that hold, with discounts where Stripe has put them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from libs.domain.customer import Customer
from libs.domain.customer_state.history import CLOCK_SKEW, History, in_order, is_settled
from libs.domain.customer_state.state import CustomerState
from libs.domain.discount import AppliedDiscount, Discount
from libs.domain.identity import DiscountId, SubscriptionId
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.value import value
from libs.domain.version import Version

Content = TypeVar("Content")

NOTHING_KNOWN: Mapping[DiscountId, Discount] = {}


@value(frozen=True, slots=True)
class Standing:
    """A subscription as it holds. `ambiguous`: two changes of one second could not be told apart; look it up again."""

    version: Version[Subscription]
    ambiguous: bool = False


def standing(history: History[Subscription], now: datetime) -> Standing | None:
    """What holds of one subscription at `now`; None when nothing is known of it yet."""
    if is_settled(history, now):
        return Standing(history[-1])
    order = in_order(history, now)
    return Standing(order.versions[-1], order.ambiguous) if order.versions else None


def holding(history: History[Content], now: datetime) -> Version[Content] | None:
    """The version that holds at `now`; None when nothing is known yet."""
    if not history:
        return None
    if is_settled(history, now):
        return history[-1]
    versions = in_order(history, now).versions
    return versions[-1] if versions else None


def subscription_at(state: CustomerState, subscription: SubscriptionId, now: datetime) -> Subscription | None:
    """The subscription as it holds at `now`, as the records showed it; None when nothing is known of it."""
    for history in state.subscriptions:
        if history[0].content.id == subscription:
            version = holding(history, now)
            return None if version is None else version.content
    return None


def past_due_since(history: History[Subscription], now: datetime) -> datetime | None:
    """Since when the subscription that holds at `now` is past due without a break.

    The first version of the run tells. Where nothing is known from before that one, it may have been past due when it
    was first seen, so the start of its period counts: that is when the invoice fell due. None when it is not past
    due, and when one version is all that is known (the rules then assume the same, and say so).
    """
    versions = in_order(history, now).versions
    run: Version[Subscription] | None = None
    for version in reversed(versions):
        if version.content.status is not SubscriptionStatus.PAST_DUE:
            return None if run is None else run.at
        run = version
    if run is None or len(versions) == 1:
        return None
    return min(run.at, run.content.current_period_start or run.at)


def known_discounts(state: CustomerState) -> Mapping[DiscountId, Discount]:
    """What each discount grants, for those that an object names by id only."""
    if not state.known:
        return NOTHING_KNOWN
    return {known.discount.id: known.discount for known in state.known}


def applied_discounts(state: CustomerState, now: datetime) -> tuple[Version[AppliedDiscount], ...]:
    """The latest that is told of each discount by its own events up to `now`, oldest first."""
    latest = (holding(history, now) for history in state.discounts)
    return tuple(sorted((version for version in latest if version is not None), key=lambda version: version.at))


def customer_discount(
    customer: Version[Customer] | None, applied: tuple[Version[AppliedDiscount], ...]
) -> Discount | None:
    """The customer-level discount: the one that the customer shows, unless a discount's own event is newer.

    In the same second a removal counts; an addition does where the customer shows no other.
    """
    shown = None if customer is None else customer.content.discount
    for version in applied:
        told = version.content
        if told.subscription is not None or (customer is not None and version.at < customer.at):
            continue
        if told.removed:
            shown = None if shown is not None and shown.id == told.discount.id else shown
        elif shown is None or customer is None or version.at > customer.at:
            shown = told.discount
    return shown


def with_discounts(version: Version[Subscription], applied: tuple[Version[AppliedDiscount], ...]) -> Subscription:
    """The subscription less the discounts removed since this version showed it, and with those put on it since."""
    subscription = version.content
    news = [told.content for told in applied if told.content.subscription == subscription.id and told.at >= version.at]
    if not news:
        return subscription
    items = tuple(
        replace(item, discounts=_changed(item.discounts, [told for told in news if told.item == item.id]))
        for item in subscription.items
    )
    discounts = _changed(subscription.discounts, [told for told in news if told.item is None])
    return replace(subscription, discounts=discounts, items=items)


def _changed(discounts: tuple[Discount, ...], news: list[AppliedDiscount]) -> tuple[Discount, ...]:
    removed = {told.discount.id for told in news if told.removed}
    listed = {discount.id for discount in discounts}
    added = tuple(told.discount for told in news if not told.removed and told.discount.id not in listed)
    return tuple(discount for discount in discounts if discount.id not in removed) + added


def future_versions(state: CustomerState, now: datetime) -> tuple[datetime, ...]:
    """The instants at which versions that lie ahead of `now` will begin to hold."""
    if state.newest is None or state.newest <= now + CLOCK_SKEW:
        return ()
    instants = [version.at for version in state.customer]
    instants += [version.at for history in state.subscriptions for version in history]
    instants += [version.at for history in state.discounts for version in history]
    return tuple(at - CLOCK_SKEW for at in instants if at > now + CLOCK_SKEW)
