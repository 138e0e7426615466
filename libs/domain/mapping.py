"""Which client a Stripe customer belongs to: a pure look at the customer and the project's directory of clients."""

from collections.abc import Callable, Iterator
from enum import StrEnum

from libs.domain.customer import Customer
from libs.domain.directory import ClientEntry, Directory, folded
from libs.domain.identity import ClientId, CustomerId, own_client
from libs.domain.value import value

__all__ = ["FREE_MAIL", "PLAIN", "ClientEntry", "Directory", "MailRules", "Match", "MatchedBy", "Person", "client_of"]

CLIENT_KEY = "client_id"  # the customer's metadata that names a client, unless the project's settings name another

# Anyone has an address there: such a domain says nothing about whom a person works for.
FREE_MAIL = frozenset(
    """
    aol.com fastmail.com gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com mail.ru me.com
    msn.com outlook.com proton.me protonmail.com qq.com web.de yahoo.com yandex.ru zoho.com
    """.split()  # noqa: SIM905  # a list of quoted names would fill the page
)


def _last_two(domain: str) -> str | None:
    labels = domain.split(".")
    return ".".join(labels[-2:]) if len(labels) > 1 and all(labels[-2:]) else None


@value(frozen=True, slots=True)
class MailRules:
    """What is known of mail domains, and what a project has set about mapping.

    `registrable` gives the part of a domain that somebody registered, None where nobody can; `is_open` tells where
    anyone may have an address; `spelled` gives a domain's one spelling. `metadata_key`: see CLIENT_KEY.
    """

    registrable: Callable[[str], str | None] = _last_two
    is_open: Callable[[str], bool] = FREE_MAIL.__contains__
    spelled: Callable[[str], str] = folded
    metadata_key: str = CLIENT_KEY


PLAIN = MailRules()


class MatchedBy(StrEnum):
    """What connects a customer with its client, the strongest first."""

    MANUAL = "manual"
    METADATA = "metadata"
    STAKEHOLDER_EMAIL = "stakeholder_email"
    DOMAIN = "domain"
    NOTHING = "nothing"


@value(frozen=True, slots=True)
class Match:
    """`conflicts` are clients that claimed the customer equally strongly; none of them got it by that."""

    client: ClientId
    by: MatchedBy
    conflicts: tuple[ClientId, ...] = ()


@value(frozen=True, slots=True)
class Person:
    """What of a customer can connect it with a client, in the spelling that is compared.

    `named` is the client that its metadata name, `domains` the e-mail's from its own down to the registered one; none
    where anyone may have an address.
    """

    customer: CustomerId
    named: str = ""
    email: str = ""
    domains: tuple[str, ...] = ()


def person_of(customer: CustomerId, known: Customer | None, rules: MailRules = PLAIN) -> Person:
    """What of the customer connects; nothing but its id where no more is known."""
    if known is None:
        return Person(customer)
    named = dict(known.metadata).get(rules.metadata_key, "") if known.metadata else ""
    email = folded(known.email or "")
    return Person(customer, named, email, tuple(_domains(email, rules)))


def client_of(customer: CustomerId, known: Customer | None, directory: Directory, rules: MailRules = PLAIN) -> Match:
    """The customer's client; itself where no client claims it, or several do equally strongly."""
    return client_of_person(person_of(customer, known, rules), directory)


def client_of_person(person: Person, directory: Directory) -> Match:
    """The client of the customer that the person is."""
    conflicts: tuple[ClientId, ...] = ()
    if len(directory):
        for by, claiming in _claiming(person, directory):
            if len(claiming) == 1:
                return Match(next(iter(claiming)), by, conflicts)
            conflicts += tuple(sorted(claiming))
    return Match(own_client(person.customer), MatchedBy.NOTHING, conflicts)


def _claiming(person: Person, directory: Directory) -> Iterator[tuple[MatchedBy, set[ClientId]]]:
    yield MatchedBy.MANUAL, directory.by_hand(person.customer)
    yield MatchedBy.METADATA, {ClientId(person.named)} if person.named in directory else set()
    yield MatchedBy.STAKEHOLDER_EMAIL, directory.by_email(person.email) if person.email else set()
    yield MatchedBy.DOMAIN, directory.by_domain(person.domains)


def _domains(email: str, rules: MailRules) -> Iterator[str]:
    """The domain of the address and those above it, down to the one that was registered."""
    _, at, host = email.rpartition("@")
    if not at:
        return
    host = rules.spelled(host)
    registered = rules.registrable(host)
    if registered is None or rules.is_open(host) or rules.is_open(registered):
        return
    while host != registered:
        yield host
        host = host.partition(".")[2]
    yield registered
