"""Which client a Stripe customer belongs to: a pure look at the customer and the project's directory of clients."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from libs.domain.customer import Customer
from libs.domain.identity import ClientId, CustomerId, own_client

CLIENT_KEY = "client_id"  # the customer's metadata that names a client

# Anyone has an address there: such a domain says nothing about whom a person works for.
FREE_MAIL = frozenset(
    """
    aol.com fastmail.com gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com mail.ru me.com
    msn.com outlook.com proton.me protonmail.com qq.com web.de yahoo.com yandex.ru zoho.com
    """.split()  # noqa: SIM905  # a list of quoted names would fill the page
)


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """One client as people keep it. `stripe_customers` are those that were assigned to it by hand."""

    client: ClientId
    stakeholder_emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    stripe_customers: tuple[CustomerId, ...] = ()


class MatchedBy(StrEnum):
    """What connects a customer with its client, the strongest first."""

    MANUAL = "manual"
    METADATA = "metadata"
    STAKEHOLDER_EMAIL = "stakeholder_email"
    DOMAIN = "domain"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Match:
    """`conflicts` are clients that claimed the customer equally strongly; none of them got it by that."""

    client: ClientId
    by: MatchedBy
    conflicts: tuple[ClientId, ...] = ()


def client_of(customer: CustomerId, known: Customer | None, directory: Iterable[ClientEntry]) -> Match:
    """The customer's client; itself where no client claims it, or several do equally strongly."""
    entries = tuple(directory)
    conflicts: tuple[ClientId, ...] = ()
    for by, claims in _claims(customer, known):
        found = sorted({entry.client for entry in entries if claims(entry)})
        if len(found) == 1:
            return Match(found[0], by, conflicts)
        conflicts += tuple(found)
    return Match(own_client(customer), MatchedBy.NOTHING, conflicts)


Claims = Callable[[ClientEntry], bool]


def _claims(customer: CustomerId, known: Customer | None) -> list[tuple[MatchedBy, Claims]]:
    email = (known.email if known is not None else None) or ""
    address = email.strip().casefold()
    named = dict(known.metadata).get(CLIENT_KEY) if known is not None else None
    return [
        (MatchedBy.MANUAL, lambda entry: customer in entry.stripe_customers),
        (MatchedBy.METADATA, lambda entry: entry.client == named),
        (MatchedBy.STAKEHOLDER_EMAIL, lambda entry: bool(address) and address in _folded(entry.stakeholder_emails)),
        (MatchedBy.DOMAIN, lambda entry: any(_is_within(address, domain) for domain in _folded(entry.domains))),
    ]


def _folded(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text.strip().casefold() for text in texts)


def _is_within(address: str, domain: str) -> bool:
    """Whether the address is at the domain or below it; addresses of free mail providers are at nobody's."""
    _, at, host = address.rpartition("@")
    if not at or not domain or host in FREE_MAIL:
        return False
    return host == domain or host.endswith(f".{domain}")
