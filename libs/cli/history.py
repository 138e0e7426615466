"""The past of a scenario's account: each customer's steps, to whom it belonged, and the ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.cli.scenario import Scenario
from libs.domain.customer import Customer
from libs.domain.customer_state import EMPTY, fold
from libs.domain.customer_state.history import in_order
from libs.domain.fact import Fact, about_customer
from libs.domain.identity import ClientId, CustomerId
from libs.domain.ledger import Belonging, Movement, Step, admitted, course_of, project_ledger
from libs.domain.mapping import Directory, Match, client_of
from libs.domain.policy import Policy
from libs.domain.version import Version
from libs.wire.mail_rules import mail_rules


@dataclass(frozen=True, slots=True)
class History:
    """`matches` is to whom each customer belongs now, and by what."""

    courses: Mapping[CustomerId, tuple[Step, ...]]
    belongings: Mapping[CustomerId, Belonging]
    matches: Mapping[CustomerId, Match]
    movements: tuple[Movement, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of all customers."""
        return tuple(step for customer in self.courses for step in self.courses[customer])


def history_of(scenario: Scenario) -> History:
    """The history that the scenario's events tell in their order; objects are delivered last, as a snapshot."""
    policy, until = scenario.policy, scenario.as_of
    deliveries = _deliveries(scenario)
    before = {told.fact.event: told.before for told in scenario.facts if told.fact.event and told.before is not None}
    courses = {customer: course_of(facts, policy, until, before) for customer, facts in deliveries.items()}
    directory = Directory(scenario.clients)
    matches = {name: _matches(name, facts, scenario, directory) for name, facts in deliveries.items()}
    belongings = {customer: _belonging(found) for customer, found in matches.items()}
    return History(
        courses,
        belongings,
        {customer: found[-1][1] for customer, found in matches.items()},
        project_ledger(courses, belongings, policy, until),
    )


def by_customer(history: History, policy: Policy, until: datetime) -> tuple[Movement, ...]:
    """The ledger as it were if each customer were its own client."""
    alone: dict[CustomerId, Belonging] = {customer: ((None, ClientId(customer)),) for customer in history.courses}
    return project_ledger(history.courses, alone, policy, until)


def _deliveries(scenario: Scenario) -> dict[CustomerId, tuple[Fact, ...]]:
    told = sorted(scenario.facts, key=lambda one: one.fact.event is None)
    found: dict[CustomerId, list[Fact]] = {}
    for one in told:
        found.setdefault(one.customer, []).append(one.fact)
    return {customer: tuple(found[customer]) for customer in sorted(found)}


def _matches(
    name: CustomerId, facts: Iterable[Fact], scenario: Scenario, directory: Directory
) -> list[tuple[datetime | None, Match]]:
    """Who claimed the customer, version by version; the first from the beginning. One that is deleted stays."""
    kept = [fact for fact in admitted(facts, scenario.policy.late_window) if about_customer(fact)]
    state = fold(EMPTY, kept, None)
    versions = in_order(state.customer, scenario.as_of).versions if state.customer else ()
    living = [version for version in versions if not version.content.deleted]
    known: list[Version[Customer]] = [*(living or versions)]
    if not known:
        return [(None, _match(name, None, directory))]
    instants = (None, *(version.at for version in known[1:]))
    return [(at, _match(name, one.content, directory)) for at, one in zip(instants, known, strict=True)]


def _match(name: CustomerId, known: Customer | None, directory: Directory) -> Match:
    return client_of(name, known, directory, mail_rules())


def _belonging(matches: Iterable[tuple[datetime | None, Match]]) -> Belonging:
    """Each client with since when; of several within one second the last."""
    found: dict[datetime | None, ClientId] = {since: match.client for since, match in matches}
    changes: list[tuple[datetime | None, ClientId]] = []
    for since, client in found.items():
        if not changes or changes[-1][1] != client:
            changes.append((since, client))
    return tuple(changes)
