"""What happens to a client in the course of time: steps of its customers, customers that come and go, rates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from libs.domain.identity import CustomerId
from libs.domain.ledger.step import Step
from libs.domain.ledger.valuation import rate_changes
from libs.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Stay:
    """A customer belongs to the client from `since` on (None: from the beginning) until `until` (None: still)."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One customer that is or was the client's: the steps of its subscriptions, and when it belonged to the client."""

    customer: CustomerId
    steps: tuple[Step, ...]
    stays: tuple[Stay, ...] = (Stay(),)


class Turn(IntEnum):
    """What happens at one instant, in this order: rates change, customers leave and come, subscriptions change."""

    RATES = 0
    LEAVES = 1
    COMES = 2
    STEPS = 3


@dataclass(frozen=True, slots=True)
class Happening:
    """One turn at an instant; `customer` where one leaves or comes, `step` where a subscription changes."""

    at: datetime
    turn: Turn
    customer: CustomerId | None = None
    step: Step | None = None


def happenings(members: Iterable[Member], policy: Policy, until: datetime) -> list[Happening]:
    """All that happens to the client's members and to the rates, in order."""
    found = [happening for member in members for happening in _of_member(member)]
    steps = [one.step for one in found if one.step is not None]
    foreign = {step.currency for step in steps} - {policy.base_currency}
    if foreign:
        span = min(step.at for step in steps), until
        found.extend(Happening(at, Turn.RATES) for at in rate_changes(policy, foreign, span))
    return sorted(found, key=lambda one: (one.at, one.turn, one.customer or ""))


def _of_member(member: Member) -> Iterator[Happening]:
    for stay in member.stays:
        if stay.since is not None:
            yield Happening(stay.since, Turn.COMES, member.customer)
        if stay.until is not None:
            yield Happening(stay.until, Turn.LEAVES, member.customer)
    for step in member.steps:
        yield Happening(step.at, Turn.STEPS, member.customer, step)


def at_home_first(member: Member) -> bool:
    """Whether the customer belonged to the client from the beginning."""
    return any(stay.since is None for stay in member.stays)
