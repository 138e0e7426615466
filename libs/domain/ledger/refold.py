"""Whole ledgers from all that was ever told: what the stream writes, written once more, perhaps by another policy."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from libs.domain.customer_state import EMPTY, fold
from libs.domain.fact import Fact
from libs.domain.identity import ClientId, CustomerId
from libs.domain.ledger.closed import ClientHistory
from libs.domain.ledger.course import course
from libs.domain.ledger.entries import ledger
from libs.domain.ledger.level import levels_of
from libs.domain.ledger.movement import Movement
from libs.domain.ledger.project import Belonging, stays_with
from libs.domain.ledger.surroundings import Before
from libs.domain.ledger.turns import Member
from libs.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class CustomerPast:
    """All facts about a customer, in any order, and to whom it belonged since when.

    `before` is what subscriptions were just before an event, where the event tells.
    """

    customer: CustomerId
    facts: tuple[Fact, ...]
    belonging: Belonging
    before: Before = field(default_factory=dict)


def refold(pasts: Iterable[CustomerPast], policy: Policy, until: datetime) -> dict[ClientId, tuple[Movement, ...]]:
    """The movements of each client that the customers belonged to, up to `until`, oldest first, under `policy`.

    They have the ids that the stream gives them, so the one can take the place of the other. Where every fact came
    within the late window both say the same. A fact that came later counts here from its own time, in the stream from
    when it was learned.
    """
    members: dict[ClientId, list[Member]] = {}
    for past in sorted(pasts, key=_customer):
        levels = levels_of(course(fold(EMPTY, past.facts, None), policy, until, past.before))
        for client in dict.fromkeys(client for _, client in past.belonging):
            stays = stays_with(client, past.belonging)
            members.setdefault(client, []).append(Member(past.customer, levels, stays))
    return {client: ledger(ClientHistory(client, tuple(members[client])), policy, until) for client in sorted(members)}


def _customer(past: CustomerPast) -> CustomerId:
    return past.customer
