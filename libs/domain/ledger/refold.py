"""A client's whole ledger from all that was ever told, written once more, perhaps by another policy."""

from collections.abc import Iterable, Iterator
from dataclasses import field
from datetime import datetime

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, CustomerId
from libs.domain.ledger.admission import course_of
from libs.domain.ledger.closed import ClientHistory
from libs.domain.ledger.entries import ledger
from libs.domain.ledger.level import levels_of
from libs.domain.ledger.movement import Movement
from libs.domain.ledger.project import Belonging, stays_with
from libs.domain.ledger.surroundings import Before
from libs.domain.ledger.turns import Member
from libs.domain.policy import Policy
from libs.domain.value import value


@value(frozen=True, slots=True)
class CustomerPast:
    """All facts about a customer, in any order, and to whom it belonged since when.

    `before` is what subscriptions were just before an event, where the event tells.
    """

    customer: CustomerId
    facts: tuple[Fact, ...]
    belonging: Belonging
    before: Before = field(default_factory=dict)


def refold(client: ClientId, pasts: Iterable[CustomerPast], policy: Policy, until: datetime) -> tuple[Movement, ...]:
    """The client's movements up to `until`, oldest first, under `policy`: of those customers that ever were its own.

    They have the ids that the stream gives them, so the one can take the place of the other. What is known now is taken
    as if it had come in its order: so both say the same where every fact came within the late window.
    """
    return ledger(ClientHistory(client, tuple(_members(client, pasts, policy, until))), policy, until)


def _members(client: ClientId, pasts: Iterable[CustomerPast], policy: Policy, until: datetime) -> Iterator[Member]:
    for past in sorted(pasts, key=_customer):
        stays = stays_with(client, past.belonging)
        if stays:
            facts = sorted(past.facts, key=_moment)
            yield Member(past.customer, levels_of(course_of(facts, policy, until, past.before)), stays)


def _customer(past: CustomerPast) -> CustomerId:
    return past.customer


def _moment(fact: Fact) -> tuple[datetime, int]:
    return fact.at, fact.rank
