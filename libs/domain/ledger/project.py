"""The ledger of a project: each client's, put together, and what it says at an instant."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger.closed import ClientHistory
from libs.domain.ledger.entries import ledger
from libs.domain.ledger.level import levels_of
from libs.domain.ledger.movement import Movement
from libs.domain.ledger.step import Step
from libs.domain.ledger.turns import Member, Stay
from libs.domain.policy import Policy
from libs.domain.totals import Total, by_currency

Belonging = tuple[tuple[datetime | None, ClientId], ...]
"""The clients that a customer belonged to, each with since when; the first one from the beginning (None)."""


def project_ledger(
    courses: Mapping[CustomerId, tuple[Step, ...]],
    belongings: Mapping[CustomerId, Belonging],
    policy: Policy,
    until: datetime,
) -> tuple[Movement, ...]:
    """All movements of all clients, oldest first, client by client within a second. What is transferred nets to 0."""
    members: dict[ClientId, list[Member]] = {}
    for customer in sorted(courses):
        levels = levels_of(courses[customer])
        for client in {client for _, client in belongings[customer]}:
            stays = stays_with(client, belongings[customer])
            members.setdefault(client, []).append(Member(customer, levels, stays))
    written = [
        one
        for client in sorted(members)
        for one in ledger(ClientHistory(client, tuple(members[client])), policy, until)
    ]
    return tuple(sorted(written, key=lambda movement: movement.occurred_at))


def balance_at(movements: Iterable[Movement], at: datetime) -> dict[Currency, Fraction]:
    """MRR by currency as the ledger has it just after `at`."""
    return by_currency(Total(one.amount, one.currency) for one in movements if one.occurred_at <= at)


def stays_with(client: ClientId, belonging: Belonging) -> tuple[Stay, ...]:
    """When a customer of this belonging was the client's; nothing where it never was."""
    ends = [since for since, _ in belonging[1:]]
    turns = zip(belonging, [*ends, None], strict=True)
    return tuple(Stay(since, until) for (since, whose), until in turns if whose == client)
