"""The fold: facts go in, in any order and any number of times, and the state is the same."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from libs.domain.customer_state.history import History, with_version, within
from libs.domain.customer_state.paid import paid_since
from libs.domain.customer_state.state import CustomerState, KnownDiscount
from libs.domain.discount import AppliedDiscount, Discount
from libs.domain.fact import Fact, about_customer, about_discount, about_subscription
from libs.domain.subscription import Subscription
from libs.domain.version import Version

Content = TypeVar("Content")
Name = TypeVar("Name", str, tuple[str, str, str])
Histories = tuple[History[Content], ...]

BEGINNING = datetime.min.replace(tzinfo=UTC)
# Stripe keeps events for so long: whatever a snapshot finds, an event so much older may still tell of.
EVENTS_KEPT = timedelta(days=30)


def fold(state: CustomerState, facts: Iterable[Fact], late_window: timedelta | None) -> CustomerState:
    """`state` with `facts` of the same customer. The same object when they tell nothing new.

    Order-independent: for any split of a set of facts into calls, in any order, with any repeats, the result is
    equal. Versions up to `late_window` before `told_until` are kept, with one base before them per object (see
    `history.within`); None keeps all. An older version can still become the base, if it is the newest before the
    window; it never rewrites what is in it. Invoices are not kept: they only move the times on.

    A version from the future moves the window ahead. It costs history, not truth: the newest
    version before it stays as the base, later ones take its place, and `in_order` overlooks it until its time. Only
    a second one, further ahead by more than the window, would push that base out.
    """
    draft = _Draft(state)
    for fact in facts:
        draft.take(fact)
    folded = draft.state(late_window)
    return state if folded == state else folded


class _Draft:
    """The parts of a state while facts are put in. Each is replaced as a whole, or stays the very same object."""

    __slots__ = ("customer", "discounts", "known", "newest", "paid", "subscriptions", "told_until")

    def __init__(self, state: CustomerState) -> None:
        self.newest = state.newest
        self.customer = state.customer
        self.subscriptions = state.subscriptions
        self.discounts = state.discounts
        self.known = state.known
        self.paid = state.paid_since
        self.told_until = state.told_until

    def take(self, fact: Fact) -> None:
        if self.newest is None or fact.at > self.newest:
            self.newest = fact.at
        told = told_until(fact)
        if self.told_until is None or told > self.told_until:
            self.told_until = told
        if about_subscription(fact):
            self._take_subscription(fact)
        elif about_customer(fact):
            self.customer = with_version(self.customer, fact)
            if fact.content.discount is not None:
                self._learn(fact.at, fact.content.discount)
        elif about_discount(fact):
            self.discounts = _put(self.discounts, fact, _discount_place)
            self._learn(fact.at, fact.content.discount)

    def _take_subscription(self, fact: Version[Subscription]) -> None:
        subscription = fact.content
        self.subscriptions = _put(self.subscriptions, fact, _subscription_id)
        for discount in subscription.discounts:
            self._learn(fact.at, discount)
        for item in subscription.items:
            for discount in item.discounts:
                self._learn(fact.at, discount)
        since = paid_since(fact)
        if since is not None and (self.paid is None or since < self.paid):
            self.paid = since

    def _learn(self, at: datetime, discount: Discount) -> None:
        if discount.coupon is not None:
            self.known = _with_known(self.known, KnownDiscount(at, discount))

    def state(self, late_window: timedelta | None) -> CustomerState:
        customer, subscriptions, discounts = self.customer, self.subscriptions, self.discounts
        cut = settled_up_to(self.told_until, late_window)
        if cut is not None:
            customer = within(customer, cut)
            subscriptions = _all_within(subscriptions, cut)
            discounts = _all_within(discounts, cut)
        return CustomerState(self.newest, customer, subscriptions, discounts, self.known, self.paid, self.told_until)


def told_until(fact: Fact) -> datetime:
    """Up to when the fact shows that events have been told: an event's own time; a snapshot's less EVENTS_KEPT.

    A first sync publishes what is, and then the events that led to it: they are history to write, not late news.
    """
    return fact.at if fact.event is not None else window_start(fact.at, EVENTS_KEPT)


def settled_up_to(told: datetime | None, late_window: timedelta | None) -> datetime | None:
    """Up to when versions that come now come too late, once events told until `told`; None where none does.

    Never up to that second itself.
    """
    if told is None or late_window is None:
        return None
    return min(window_start(told, late_window), told - timedelta.resolution)


def window_start(end: datetime, window: timedelta) -> datetime:
    """When a window that ends at `end` begins, or the beginning of time where it reaches further back than that."""
    try:
        return end - window
    except OverflowError:
        return BEGINNING


def _put(
    histories: Histories[Content], fact: Version[Content], name_of: Callable[[History[Content]], Name]
) -> Histories[Content]:
    """`histories` (sorted by name) with `fact` in the one of its object. The same tuple when it adds nothing."""
    name = name_of((fact,))
    place: int = bisect_left(histories, name, key=name_of)
    if place == len(histories) or name_of(histories[place]) != name:
        return (*histories[:place], (fact,), *histories[place:])
    history = with_version(histories[place], fact)
    if history is histories[place]:
        return histories
    return (*histories[:place], history, *histories[place + 1 :])


def _subscription_id(history: History[Subscription]) -> str:
    return history[0].content.id


def _discount_place(history: History[AppliedDiscount]) -> tuple[str, str, str]:
    told = history[0].content
    return told.discount.id, told.subscription or "", told.item or ""


def _all_within(histories: Histories[Content], cut: datetime) -> Histories[Content]:
    if not any(len(history) > 1 and history[1].at <= cut for history in histories):
        return histories
    return tuple(within(history, cut) for history in histories)


def _with_known(known: tuple[KnownDiscount, ...], told: KnownDiscount) -> tuple[KnownDiscount, ...]:
    """`known` with `told`; of two that tell of one discount the later counts, in the same second always the same."""
    name: str = told.discount.id
    place = bisect_left(known, name, key=_known_id)
    if place == len(known) or known[place].discount.id != name:
        return (*known[:place], told, *known[place:])
    present = known[place]
    if present == told or _outlasts(present, told):
        return known
    return (*known[:place], told, *known[place + 1 :])


def _known_id(known: KnownDiscount) -> str:
    return known.discount.id


def _outlasts(present: KnownDiscount, told: KnownDiscount) -> bool:
    if present.at != told.at:
        return present.at > told.at
    return repr(present.discount) >= repr(told.discount)
