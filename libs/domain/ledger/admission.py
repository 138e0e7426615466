"""What of the deliveries may still write history: the ledger older than the late window is closed.

A version that arrives later than the window never changes what was said of that time. If it is still the newest of
its object it counts from the moment at which it was learned; if it is not, it is left aside.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.customer_state.folding import told_until
from libs.domain.customer_state.history import Weight, weight
from libs.domain.fact import Fact, about_customer, about_discount, about_invoice, about_subscription
from libs.domain.ledger.course import course
from libs.domain.ledger.step import Step
from libs.domain.ledger.surroundings import NOTHING_BEFORE, Before
from libs.domain.policy import Policy
from libs.domain.subscription import SubscriptionStatus
from libs.domain.version import Rank

ObjectName = tuple[str, ...]


def course_of(
    deliveries: Iterable[Fact], policy: Policy, until: datetime, before: Before = NOTHING_BEFORE
) -> tuple[Step, ...]:
    """The steps of one customer of whom the facts were delivered in this order, under `policy`, up to `until`.

    The order matters only for what comes later than the late window. The last steps add up to what the customer's
    state adds at `until`: where history says otherwise (it was closed, or the state has forgotten which of two changes
    of one second came first), the difference is a step of the newest instant.
    """
    facts = tuple(deliveries)
    kept = admitted(facts, policy.late_window)
    steps = course(fold(EMPTY, kept, None), policy, until, before)
    return steps if policy.late_window is None else _trued_up(steps, facts, policy, until)


def admitted(deliveries: Iterable[Fact], window: timedelta | None) -> tuple[Fact, ...]:
    """The deliveries as history takes them: late ones at the instant of learning, or not at all."""
    desk = _Desk(window)
    kept = (desk.taken(fact) for fact in deliveries)
    return tuple(fact for fact in kept if fact is not None)


class _Desk:
    """What has been seen of each object so far, and up to when history is closed."""

    __slots__ = ("ended", "newest", "seen", "told_until", "window")

    def __init__(self, window: timedelta | None) -> None:
        self.window = window
        self.newest: datetime | None = None
        self.told_until: datetime | None = None
        self.seen: dict[ObjectName, tuple[datetime, Rank]] = {}
        self.ended: set[ObjectName] = set()

    def taken(self, fact: Fact) -> Fact | None:
        name, told = _name(fact), fact
        final = _is_final(fact)
        known = self.seen.get(name)
        if self._is_closed(fact.at):
            news = known is None or (final and name not in self.ended) or known < _moment(fact)
            if not news or self.newest is None:
                return None
            told = _learned(fact, self.newest)
        elif known is not None and self._is_closed(_end(fact)):
            told = _learned(fact, fact.at)
        self.newest = told.at if self.newest is None else max(self.newest, told.at)
        reach = told_until(told)
        self.told_until = reach if self.told_until is None else max(self.told_until, reach)
        self.seen[name] = max(known, _moment(told)) if known is not None else _moment(told)
        if final:
            self.ended.add(name)
        return told

    def _is_closed(self, at: datetime | None) -> bool:
        if at is None or self.told_until is None or self.window is None:
            return False
        return self.told_until - at >= self.window and at < self.told_until


def _learned(fact: Fact, at: datetime) -> Fact:
    """The fact as one of `at`; a subscription that had ended by then ends at `at`."""
    if about_subscription(fact) and _end(fact) is not None:
        return replace(fact, at=at, content=replace(fact.content, ended_at=at))
    return replace(fact, at=at)


def _moment(fact: Fact) -> tuple[datetime, Rank]:
    return fact.at, fact.rank


def _is_final(fact: Fact) -> bool:
    if about_subscription(fact):
        return weight(fact) is Weight.FINAL
    return about_customer(fact) and weight(fact) is Weight.FINAL


def _end(fact: Fact) -> datetime | None:
    if about_subscription(fact) and fact.content.status is SubscriptionStatus.CANCELED:
        return fact.content.ended_at
    return None


def _name(fact: Fact) -> ObjectName:
    if about_subscription(fact):
        return "subscription", fact.content.id
    if about_discount(fact):
        told = fact.content
        return "discount", told.discount.id, told.subscription or "", told.item or ""
    if about_invoice(fact):
        return "invoice", fact.content.id
    assert about_customer(fact)
    return ("customer",)


def _trued_up(steps: tuple[Step, ...], facts: tuple[Fact, ...], policy: Policy, until: datetime) -> tuple[Step, ...]:
    state = fold(EMPTY, facts, policy.late_window)
    at = min(state.newest or until, until)
    last = {step.subscription: step for step in steps}
    now = {share.mrr.subscription: share.mrr for share in contribution(state, policy, until).subscriptions}
    wrong = [step for name, step in last.items() if name in now and step.amount != now[name].amount]
    corrections = [
        Step(max(at, step.at), step.customer, step.version, now[step.subscription], step.caused_by) for step in wrong
    ]
    return (*steps, *corrections)
