"""A project's directory of clients, kept such that what claims a customer is found without looking at every client."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from libs.domain.identity import ClientId, CustomerId

Names = dict[str, set[ClientId]]


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """One client as people keep it. `stripe_customers` are those that were assigned to it by hand."""

    client: ClientId
    stakeholder_emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    stripe_customers: tuple[CustomerId, ...] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """What an entry claims, each in the spelling that is compared."""

    clients: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()


NO_CLAIMS = Claims()


def folded(text: str) -> str:
    """One spelling for texts that differ in case and in the space around them only."""
    return text.strip().casefold()


def claims_of(entry: ClientEntry) -> Claims:
    """What the entry claims: customers whose metadata name it, customers by hand, e-mail addresses, domains."""
    return Claims(
        clients=frozenset({entry.client}),
        customers=frozenset(entry.stripe_customers),
        emails=frozenset(filter(None, map(folded, entry.stakeholder_emails))),
        domains=frozenset(filter(None, map(folded, entry.domains))),
    )


class Directory:
    """Clients by what they claim."""

    def __init__(self, entries: Iterable[ClientEntry] = ()) -> None:
        self._claims: dict[ClientId, Claims] = {}
        self._customers: Names = {}
        self._emails: Names = {}
        self._domains: Names = {}
        for entry in entries:
            self.put(entry)

    def __contains__(self, client: Hashable) -> bool:
        return client in self._claims

    def __len__(self) -> int:
        return len(self._claims)

    def put(self, entry: ClientEntry) -> Claims:
        """Take the entry in place of what was known of its client. Gives all that is claimed otherwise now."""
        return self._exchange(entry.client, claims_of(entry))

    def remove(self, client: ClientId) -> Claims:
        """Forget the client. Gives all that it claimed."""
        return self._exchange(client, NO_CLAIMS)

    def by_hand(self, customer: CustomerId) -> set[ClientId]:
        return self._customers.get(customer, set())

    def by_email(self, address: str) -> set[ClientId]:
        """Those that name this address (folded)."""
        return self._emails.get(address, set())

    def by_domain(self, domains: Iterable[str]) -> set[ClientId]:
        """Those that name any of the domains (folded)."""
        return {client for domain in domains for client in self._domains.get(domain, ())}

    def _exchange(self, client: ClientId, after: Claims) -> Claims:
        before = self._claims.get(client, NO_CLAIMS)
        for index, was, now in (
            (self._customers, before.customers, after.customers),
            (self._emails, before.emails, after.emails),
            (self._domains, before.domains, after.domains),
        ):
            _withdraw(index, was - now, client)
            for name in now - was:
                index.setdefault(name, set()).add(client)
        if after is NO_CLAIMS:
            self._claims.pop(client, None)
        else:
            self._claims[client] = after
        return Claims(
            before.clients ^ after.clients,
            before.customers ^ after.customers,
            before.emails ^ after.emails,
            before.domains ^ after.domains,
        )


def _withdraw(index: Names, names: Iterable[str], client: ClientId) -> None:
    for name in names:
        index[name].discard(client)
        if not index[name]:
            del index[name]
