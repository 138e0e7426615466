"""Whose customer one is: its entry, the directory and the project's rules, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.domain.belonging import Known, Residence, living, moved, moved_in, retold_by_versions
from libs.domain.customer import Customer
from libs.domain.customer_state import CustomerState
from libs.domain.identity import ClientId, CustomerId, own_client
from libs.domain.mapping import Match, MatchedBy, Person, client_of_person, person_of
from libs.wire.course_codec import belonging_of
from services.mrr.customer_entry import CustomerEntry, Glance
from services.mrr.mapping import Clients
from services.mrr.policies import ProjectPolicy

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Dweller:
    """A customer about whom it is asked: its entry, what is known of it now, and up to when time is settled."""

    project: str
    customer: CustomerId
    entry: CustomerEntry
    state: CustomerState
    settings: ProjectPolicy
    now: datetime
    settled: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer: to whom it belonged since when, and what a worker must see of it at a glance."""

    residence: Residence
    glance: Glance


class Residents:
    """Finds the client of a customer."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def find(self, one: Dweller) -> Found:
        """By all that is known of the customer and of the directory now; what is settled stays."""
        match = self._matching(one)
        if not one.entry.belongings and not len(self._clients.of(one.project)):
            person = self._person(one, held(one))
            own = Match(own_client(one.customer), MatchedBy.NOTHING)
            return Found(Residence(((None, own.client),), own), glance(person, own))
        news = one.state.customer is not one.entry.state.customer
        known = Known(one.state.customer, _settled(one), one.now, min(one.state.newest or one.now, one.now))
        if not one.entry.belongings:
            residence = moved_in(known, match)
        elif news:
            residence = retold_by_versions(resident(one.entry), known, match)
        else:
            residence = self._moved(one, match(held(one)))
        return Found(residence, glance(self._person(one, held(one)), residence.match))

    def _moved(self, one: Dweller, match: Match) -> Residence:
        """People may have said something else of a client: from then on, but never in settled time."""
        before = resident(one.entry)
        at = self._clients.said_at(one.project, (before.client, match.client), one.now)
        return moved(before, match, at if one.settled is None else max(at, one.settled + SECOND))

    def _matching(self, one: Dweller) -> Callable[[Customer | None], Match]:
        directory = self._clients.of(one.project)
        return lambda known: client_of_person(self._person(one, known), directory)

    def _person(self, one: Dweller, known: Customer | None) -> Person:
        return person_of(one.customer, known, one.settings.rules)


def held(one: Dweller) -> Customer | None:
    """The customer as it is known now; as it was, where it is deleted."""
    versions = living(one.state.customer, one.now)
    return versions[-1].content if versions else None


def resident(entry: CustomerEntry) -> Residence:
    """The residence that an entry remembers."""
    seen = entry.glance
    match = Match(ClientId(seen.client), MatchedBy(seen.matched_by), tuple(map(ClientId, seen.conflicts)))
    return Residence(belonging_of(entry.belongings), match, entry.pinned)


def glance(person: Person, match: Match) -> Glance:
    """What a worker must see of the customer at a glance."""
    return Glance(person.named, person.email, person.domains, match.client, match.by.value, match.conflicts)


def _settled(one: Dweller) -> datetime | None:
    """Up to when the customer's own versions are settled; None while all that were ever seen are known."""
    versions, cut = one.entry.state.customer, one.settled
    return cut if cut is not None and versions and versions[0].at <= cut else None
