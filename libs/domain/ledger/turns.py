"""What happens to a client in the course of time: levels of its customers, customers that come and go, rates."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import IntEnum

from libs.domain.identity import CustomerId
from libs.domain.ledger.level import Level
from libs.domain.ledger.valuation import rate_changes
from libs.domain.policy import Policy
from libs.domain.value import value


@value(frozen=True, slots=True)
class Stay:
    """A customer belongs to the client from `since` on (None: from the beginning) until `until` (None: still)."""

    since: datetime | None = None
    until: datetime | None = None


@value(frozen=True, slots=True)
class Member:
    """One customer that is or was the client's: the levels of its subscriptions, and when it belonged to the client."""

    customer: CustomerId
    levels: tuple[Level, ...]
    stays: tuple[Stay, ...] = (Stay(),)


class Turn(IntEnum):
    """What happens at one instant, in this order: rates change, customers leave and come, subscriptions change."""

    RATES = 0
    LEAVES = 1
    COMES = 2
    LEVELS = 3


@value(frozen=True, slots=True)
class Happening:
    """One turn at an instant; `customer` where one leaves or comes, `level` where a subscription changes."""

    at: datetime
    turn: Turn
    customer: CustomerId | None = None
    level: Level | None = None


def happenings(members: Iterable[Member], policy: Policy, until: datetime) -> list[Happening]:
    """All that happens to the client's members and to the rates, in order."""
    found = [happening for member in members for happening in happenings_of(member)]
    levels = [one.level for one in found if one.level is not None]
    foreign = {level.currency for level in levels} - {policy.base_currency}
    if foreign:
        span = min(level.at for level in levels), until
        found.extend(Happening(at, Turn.RATES) for at in rate_changes(policy, foreign, span))
    return in_order(found)


def in_order(found: Iterable[Happening]) -> list[Happening]:
    """By instant, then by turn; what happens to one customer stays in the order in which it is given."""
    return sorted(found, key=lambda one: (one.at, one.turn, one.customer or ""))


def happenings_of(member: Member) -> Iterator[Happening]:
    """All that happens to one member, without order."""
    for stay in member.stays:
        if stay.since is not None:
            yield Happening(stay.since, Turn.COMES, member.customer)
        if stay.until is not None:
            yield Happening(stay.until, Turn.LEAVES, member.customer)
    for level in member.levels:
        yield Happening(level.at, Turn.LEVELS, member.customer, level)


def at_home_first(member: Member) -> bool:
    """Whether the customer belonged to the client from the beginning."""
    return any(stay.since is None for stay in member.stays)


def at_home(member: Member, at: datetime) -> bool:
    """Whether the customer belonged to the client just after `at`."""
    return any((stay.since or at) <= at and (stay.until is None or stay.until > at) for stay in member.stays)
