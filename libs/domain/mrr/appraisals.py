"""One evaluation of a subscription for all who ask: its course, its customer's contribution, what alerts are told."""

from collections.abc import Callable

from libs.domain.discount import Discount
from libs.domain.identity import SubscriptionId
from libs.domain.mrr.evaluation import evaluate
from libs.domain.mrr.results import SubscriptionMrr, Terms
from libs.domain.mrr.standing import ending
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.value import value

MOST_ANSWERS = 8  # of one subscription: as it was and as it is, by itself and among its customer's discounts
Evaluate = Callable[[Subscription, Terms], SubscriptionMrr]


@value(frozen=True, slots=True)
class _Answer:
    subscription: Subscription
    terms: Terms
    completing: tuple[Discount, ...]
    mrr: SubscriptionMrr


class Appraisals:
    """Answers as `evaluate` does, and remembers: to be used for a while, then dropped.

    An answer holds for each version of the subscription that is as this one in all that MRR depends on, from the
    instant that was asked for until the clock may change it.
    """

    def __init__(self) -> None:
        self._known: dict[SubscriptionId, list[_Answer]] = {}

    def __call__(self, subscription: Subscription, terms: Terms) -> SubscriptionMrr:
        """The subscription's MRR under `terms`."""
        answers = self._known.setdefault(subscription.id, [])
        completing = _completing(subscription, terms) if terms.known_discounts else ()
        for known in answers:
            if (
                known.completing == completing
                and _alike(known.terms, terms)
                and _asks_the_same(known.subscription, subscription)
                and _holds(known, terms)
            ):
                return known.mrr
        mrr = evaluate(subscription, terms)
        answers.insert(0, _Answer(subscription, terms, completing, mrr))
        del answers[MOST_ANSWERS:]
        return mrr


def _asks_the_same(one: Subscription, other: Subscription) -> bool:
    """Whether two versions are the same in all that an evaluation looks at."""
    if one is other:
        return True
    return (
        one.status is other.status
        and one.items == other.items
        and one.discounts == other.discounts
        and one.currency == other.currency
        and one.cancel_at_period_end == other.cancel_at_period_end
        and one.cancel_at == other.cancel_at
        and one.ended_at == other.ended_at
        and one.pause_collection == other.pause_collection
        and one.gaps == other.gaps
        and (one.current_period_end == other.current_period_end or not one.cancel_at_period_end)
        and (one.current_period_start == other.current_period_start or one.status is not SubscriptionStatus.PAST_DUE)
    )


def _alike(one: Terms, other: Terms) -> bool:
    return (
        one.policy is other.policy
        and one.customer_deleted is other.customer_deleted
        and one.past_due_since == other.past_due_since
        and one.customer_discount == other.customer_discount
    )


def _holds(known: _Answer, terms: Terms) -> bool:
    """Whether the answer of one instant is that of another; where it is not plain, it is asked for again."""
    asked, now, change, it = known.terms.now, terms.now, known.mrr.next_change, known.subscription
    if asked == now:
        return True
    if it.pause_collection is not None or it.status is SubscriptionStatus.PAST_DUE:
        return False
    if asked > now and (change is not None or _is_discounted(it, terms)):
        return False
    first, last, end = min(asked, now), max(asked, now), ending(it)
    return (change is None or change > last) and (end is None or not first < end <= last)


def _is_discounted(it: Subscription, terms: Terms) -> bool:
    return bool(terms.customer_discount or it.discounts or any(item.discounts for item in it.items))


def _completing(subscription: Subscription, terms: Terms) -> tuple[Discount, ...]:
    """What is known of the subscription's discounts beside what it says itself."""
    own = (*subscription.discounts, *(one for item in subscription.items for one in item.discounts))
    if terms.customer_discount is not None:
        own = (*own, terms.customer_discount)
    known = ((one, terms.known_discounts.get(one.id)) for one in own)
    return tuple(other for one, other in known if other is not None and other != one)
