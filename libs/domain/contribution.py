"""What one Stripe customer adds to its client's MRR at an instant, and which facts say so."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from libs.domain.customer import Customer
from libs.domain.customer_state.history import Weight, weight
from libs.domain.customer_state.standing import (
    Standing,
    applied_discounts,
    customer_discount,
    future_versions,
    holding,
    known_discounts,
    past_due_since,
    standing,
    with_discounts,
)
from libs.domain.customer_state.state import CustomerState
from libs.domain.discount import AppliedDiscount
from libs.domain.identity import EventId, SubscriptionId
from libs.domain.mrr import Evaluate, SubscriptionMrr, Terms, evaluate
from libs.domain.policy import Policy
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.value import value
from libs.domain.version import Version

ENDED_LISTED = 10
"""Subscriptions that ended are listed so far back; people look at the last few, and records must stay small."""


@value(frozen=True, slots=True)
class SubscriptionShare:
    """One subscription's part: its status as Stripe has it, and its MRR under the policy."""

    status: SubscriptionStatus
    mrr: SubscriptionMrr


@value(frozen=True, slots=True)
class Contribution:
    """`subscriptions`: all that have not ended and the latest that have, by id. `as_of` is the instant it holds for.

    `caused_by` are the events whose versions hold. At `next_change` the clock alone changes the answer. `ambiguous`
    names subscriptions whose last two changes fell into one second and could not be told apart: fetch them again.
    """

    subscriptions: tuple[SubscriptionShare, ...]
    deleted: bool
    as_of: datetime
    caused_by: tuple[EventId, ...]
    next_change: datetime | None
    first_paid_at: datetime | None
    ambiguous: tuple[SubscriptionId, ...] = ()


def contribution(state: CustomerState, policy: Policy, now: datetime, appraise: Evaluate = evaluate) -> Contribution:
    """What the customer adds at `now` under `policy`; a pure function of the three.

    `now` is the wall clock for live accounts; a test account's own clock may run ahead of it (Stripe's test clocks),
    so there the later of the wall clock and `state.newest` is right.
    """
    customer = holding(state.customer, now)
    applied = applied_discounts(state, now) if state.discounts else ()
    listed = _listed(state.subscriptions, now)
    terms = Terms(
        policy=policy,
        now=now,
        customer_discount=customer_discount(customer, applied),
        past_due_since=None,
        customer_deleted=_is_deleted(customer),
        known_discounts=known_discounts(state),
    )
    shares = tuple(_share(one, applied, terms, appraise) for one in listed)
    return Contribution(
        subscriptions=shares,
        deleted=terms.customer_deleted,
        as_of=now,
        caused_by=_causes(listed, customer),
        next_change=_next_change(shares, future_versions(state, now)),
        first_paid_at=state.paid_since or _paid_now(listed, shares),
        ambiguous=tuple(one.standing.version.content.id for one in listed if one.standing.ambiguous),
    )


@value(frozen=True, slots=True)
class _Listed:
    history: tuple[Version[Subscription], ...]
    standing: Standing


def _listed(histories: Iterable[tuple[Version[Subscription], ...]], now: datetime) -> list[_Listed]:
    """The subscriptions that have not ended, and the last ENDED_LISTED that have; by id."""
    found = [_Listed(history, held) for history in histories if (held := standing(history, now)) is not None]
    if len(found) <= ENDED_LISTED:
        return found
    ended = [one for one in found if weight(one.standing.version) is Weight.FINAL]
    forgotten = {id(one) for one in sorted(ended, key=_ended_at)[:-ENDED_LISTED]}
    return [one for one in found if id(one) not in forgotten]


def _ended_at(one: _Listed) -> tuple[datetime, str]:
    version = one.standing.version
    return version.content.ended_at or version.at, version.content.id


def _share(
    one: _Listed, applied: tuple[Version[AppliedDiscount], ...], terms: Terms, appraise: Evaluate
) -> SubscriptionShare:
    version = one.standing.version
    status = version.content.status
    if status is SubscriptionStatus.PAST_DUE:
        terms = replace(terms, past_due_since=past_due_since(one.history, terms.now))
    return SubscriptionShare(status, appraise(with_discounts(version, applied), terms))


def _is_deleted(customer: Version[Customer] | None) -> bool:
    return customer is not None and weight(customer) is Weight.FINAL


def _causes(listed: Iterable[_Listed], customer: Version[Customer] | None) -> tuple[EventId, ...]:
    """The events behind the versions that hold; the customer's own only where it decides: when it is deleted."""
    events = {one.standing.version.event for one in listed}
    if customer is not None and _is_deleted(customer):
        events.add(customer.event)
    return tuple(sorted(event for event in events if event is not None))


def _next_change(shares: Iterable[SubscriptionShare], ahead: Iterable[datetime]) -> datetime | None:
    instants = [share.mrr.next_change for share in shares if share.mrr.next_change is not None]
    return min((*instants, *ahead), default=None)


def _paid_now(listed: Iterable[_Listed], shares: Iterable[SubscriptionShare]) -> datetime | None:
    """Where the policy counts what the history cannot judge (metered prices, trials): the start of what pays now."""
    starts = [
        one.standing.version.content.start_date or one.standing.version.at
        for one, share in zip(listed, shares, strict=True)
        if share.mrr.amount > 0
    ]
    return min(starts, default=None)
