"""The directory of each project, and this worker's customers by what could connect them with a client.

With both, a change of one client is looked at by the customers that it may concern, and by no other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from libs.domain.directory import Claims, ClientEntry, Directory
from libs.domain.identity import ClientId, CustomerId
from libs.wire.codec import MalformedRecord, decode, record_key
from libs.wire.mail_domains import folded_domain
from libs.wire.records import DirectoryRecord
from services.mrr.customer_entry import Glance, glance_of

log = structlog.get_logger(__name__)
NOBODY = Directory()


@dataclass(frozen=True, slots=True)
class Said:
    """When people last said something of a client, and what is claimed otherwise since."""

    project: str
    claims: Claims


class Clients:
    """Directories by project, as `clients.directory` says. `on_change` hears what is claimed otherwise."""

    def __init__(self) -> None:
        self._known: dict[str, Directory] = {}
        self._said_at: dict[tuple[str, str], datetime] = {}
        self.on_change: Callable[[Said], None] = lambda _said: None

    def of(self, project: str) -> Directory:
        """The present directory of a project."""
        return self._known.get(project, NOBODY)

    def said_at(self, project: str, clients: Iterable[str], now: datetime) -> datetime:
        """When people last said something of these clients; `now` where that is not known."""
        known = [at for client in clients if (at := self._said_at.get((project, client))) is not None]
        return min(max(known, default=now), now)

    def apply(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the topic. What cannot be read leaves the client as it was."""
        project, _, client = key.decode(errors="replace").partition("/")
        claims = self._removed(project, client) if value is None else self._put(project, client, value)
        if claims is not None and any((claims.clients, claims.customers, claims.emails, claims.domains)):
            self.on_change(Said(project, claims))

    def _removed(self, project: str, client: str) -> Claims:
        self._said_at.pop((project, client), None)
        return self._directory(project).remove(ClientId(client))

    def _put(self, project: str, client: str, value: bytes) -> Claims | None:
        try:
            record = decode(value, DirectoryRecord)
        except MalformedRecord as error:
            log.error("client_unreadable", project=project, client=client, error=str(error), hint="put it again")
            return None
        if record.updated_at is not None:
            self._said_at[project, client] = record.updated_at
        entry = ClientEntry(
            ClientId(client),
            record.stakeholder_emails,
            tuple(map(folded_domain, record.domains)),
            tuple(map(CustomerId, record.stripe_customers)),
        )
        return self._directory(project).put(entry)

    def _directory(self, project: str) -> Directory:
        return self._known.setdefault(project, Directory())


class CustomersByClaim:
    """Table keys of customers by project and by what could connect them: a client's id, an address, a domain."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str, str], set[bytes]] = {}

    def note(self, key: bytes, before: Glance, after: Glance) -> None:
        """A customer is connected otherwise now."""
        if (before.named, before.email, before.domains) == (after.named, after.email, after.domains):
            return
        project = key.partition(b"/")[0].decode()
        for name in _names(before):
            self._drop((project, *name), key)
        for name in _names(after):
            self._keys.setdefault((project, *name), set()).add(key)

    def rebuild(self, tables: Iterable[Mapping[bytes, bytes]]) -> None:
        """Start over from what this worker owns now."""
        self._keys.clear()
        for entries in tables:
            for key, data in entries.items():
                self.note(key, Glance(), glance_of(data))

    def concerned(self, said: Said) -> set[bytes]:
        """The customers that what was said may move."""
        found = {record_key(said.project, customer) for customer in said.claims.customers}
        for kind, names in (("client", said.claims.clients), ("email", said.claims.emails)):
            for name in names:
                found |= self._keys.get((said.project, kind, name), set())
        for domain in said.claims.domains:
            found |= self._keys.get((said.project, "domain", domain), set())
        return found

    def _drop(self, name: tuple[str, str, str], key: bytes) -> None:
        keys = self._keys.get(name)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._keys[name]


def _names(glance: Glance) -> Iterator[tuple[str, str]]:
    if glance.named:
        yield "client", glance.named
    if glance.email:
        yield "email", glance.email
    for domain in glance.domains:
        yield "domain", domain
