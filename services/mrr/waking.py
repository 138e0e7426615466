"""What wakes entries without a record: the clock, settings and directory that changed, partitions that were gained."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from libs.domain.identity import CustomerId
from libs.domain.mapping import Person, client_of_person
from services.mrr.client_entry import settings_of
from services.mrr.clients import ClientStage
from services.mrr.customer_entry import Glance, checked_of, glance_of
from services.mrr.customers import CustomerStage
from services.mrr.mapping import Clients, Said
from services.mrr.policies import Policies, ProjectPolicy


class Table(Protocol):
    """The entries of a stage that are here, and how to have some of them looked at again."""

    @property
    def partitions(self) -> frozenset[int]: ...
    def state(self, partition: int) -> Mapping[bytes, bytes]: ...
    def submit(self, keys: Iterable[bytes]) -> None: ...


class Waking:
    """Submits the keys of entries to their stage's recheck."""

    def __init__(self, customers: CustomerStage, clients: ClientStage, policies: Policies, directory: Clients) -> None:
        self._customers, self._clients = customers, clients
        self._policies, self._directory = policies, directory
        self.tick: Callable[[int], None] = lambda _seconds: None

    def follow(self, customers: Table, clients: Table) -> None:
        """From now on, hear what changes: settings, directory and (by `tick`) the clock."""

        def tick(seconds: int) -> None:
            customers.submit(self._customers.due.due(seconds))
            clients.submit(self._clients.due.due(seconds))

        def settings_changed(project: str, before: ProjectPolicy) -> None:
            if self._policies.of(project).checked != before.checked:
                customers.submit(_of_project(customers, project))
            clients.submit(_of_project(clients, project))

        def clients_changed(said: Said) -> None:
            customers.submit(self._customers.by_claim.concerned(said))

        self.tick, self._policies.on_change, self._directory.on_change = tick, settings_changed, clients_changed

    def customers_gained(self, table: Table, partitions: Iterable[int]) -> None:
        """Entries that another worker wrote, perhaps by other settings or another directory; perhaps not all told."""
        for partition in partitions:
            entries = table.state(partition)
            self._customers.due.plan_all(entries)
            table.submit(key for key, data in entries.items() if self._is_outdated(key, data))
        self.customers_counted(table)

    def customers_counted(self, table: Table) -> None:
        """Start over with what is counted and looked up by entry."""
        self._customers.incomplete.recount(table.state(partition) for partition in table.partitions)
        self._customers.by_claim.rebuild(table.state(partition) for partition in table.partitions)

    def clients_gained(self, table: Table, partitions: Iterable[int]) -> None:
        """Ledgers that another worker wrote, perhaps by other settings."""
        for partition in partitions:
            entries = table.state(partition)
            self._clients.due.plan_all(entries)
            table.submit(key for key, data in entries.items() if settings_of(data) != self._settings(key).version)

    def _is_outdated(self, key: bytes, data: bytes) -> bool:
        return checked_of(data) != self._settings(key).checked or self._belongs_elsewhere(key, glance_of(data))

    def _belongs_elsewhere(self, key: bytes, seen: Glance) -> bool:
        project, _, customer = key.decode().partition("/")
        person = Person(CustomerId(customer), seen.named, seen.email, seen.domains)
        match = client_of_person(person, self._directory.of(project))
        return (match.client, match.by.value, match.conflicts) != (seen.client, seen.matched_by, seen.conflicts)

    def _settings(self, key: bytes) -> ProjectPolicy:
        return self._policies.of(key.partition(b"/")[0].decode())


def _of_project(table: Table, project: str) -> list[bytes]:
    prefix = f"{project}/".encode()
    return [key for partition in table.partitions for key in table.state(partition) if key.startswith(prefix)]
