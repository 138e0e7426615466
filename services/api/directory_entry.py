"""A client as people describe it, checked: what goes into the directory, and what is wrong with what does not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from email_validator import EmailNotValidError, validate_email

from libs.wire.mail_domains import folded_domain, is_open_to_all, registrable
from libs.wire.records import DirectoryRecord
from services.api.parameters import Body
from services.api.problems import FieldError

OWN_CLIENT = "customer:"
LONGEST_ID = 255
LONGEST_NAME = 500
MOST_EMAILS, MOST_DOMAINS, MOST_CUSTOMERS = 1_000, 1_000, 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One client of the directory; its lists are sorted and have no repeats. E-mails and domains are in lower case."""

    client: str
    name: str | None = None
    stakeholder_emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    stripe_customers: tuple[str, ...] = ()

    def record(self, project: str, version: int, updated_at: datetime) -> DirectoryRecord:
        """The entry for `clients.directory`."""
        return DirectoryRecord(
            project=project,
            client=self.client,
            version=version,
            name=self.name,
            stakeholder_emails=self.stakeholder_emails,
            domains=self.domains,
            stripe_customers=self.stripe_customers,
            updated_at=updated_at,
        )


class EntryBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client as `PUT /api/clients/{id}` takes it, whole: what is left out is empty."""

    name: str | None = None
    stakeholder_emails: list[str] = msgspec.field(default_factory=list)
    domains: list[str] = msgspec.field(default_factory=list)
    stripe_customers: list[str] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Checked:
    """The entry, good to be stored if nothing is wrong with it."""

    entry: Entry
    errors: tuple[FieldError, ...]


def checked(client: str, body: EntryBody) -> Checked:
    """The body as an entry. Every fault is named by its field, those in lists with their place."""
    errors = list(client_errors(client))
    name = None if body.name is None else body.name.strip() or None
    if name is not None and (fault := _text_fault(name, LONGEST_NAME)):
        errors.append(FieldError("name", fault))
    lists = (
        _List("stakeholder_emails", body.stakeholder_emails, MOST_EMAILS, _email),
        _List("domains", body.domains, MOST_DOMAINS, _domain),
        _List("stripe_customers", body.stripe_customers, MOST_CUSTOMERS, _customer),
    )
    emails, domains, customers = (each.read(errors) for each in lists)
    return Checked(Entry(client, name, emails, domains, customers), tuple(errors))


def client_errors(client: str) -> Iterator[FieldError]:
    """What is wrong with an id of a client."""
    fault = _text_fault(client, LONGEST_ID)
    if not client:
        yield FieldError("client", "is empty")
    elif fault:
        yield FieldError("client", fault)
    elif client != client.strip() or client in (".", ".."):
        yield FieldError("client", "must not begin or end with a space, nor be . or ..")
    elif client.startswith(OWN_CLIENT):
        yield FieldError("client", f"{OWN_CLIENT}… is what customers without a client are called")


@dataclass(frozen=True, slots=True)
class _List:
    name: str
    given: Sequence[str]
    most: int
    reading: Callable[[str], str]

    def read(self, errors: list[FieldError]) -> tuple[str, ...]:
        """The values, each in its one spelling; faults are added to `errors`."""
        if len(self.given) > self.most:
            errors.append(FieldError(self.name, f"has {len(self.given)} values; {self.most} at most"))
            return ()
        found = set()
        for place, text in enumerate(self.given):
            try:
                found.add(self.reading(text))
            except ValueError as error:
                errors.append(FieldError(f"{self.name}[{place}]", str(error)))
        return tuple(sorted(found))


def _email(text: str) -> str:
    try:
        # `.test` is let in: people try things out; nobody but themselves is claimed by it.
        valid = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"is no e-mail address: {error}") from error
    return valid.normalized.casefold()


def _domain(text: str) -> str:
    domain = folded_domain(text)
    if fault := _text_fault(domain, LONGEST_ID):
        raise ValueError(fault)
    if registrable(domain) is None or not _is_host(domain):
        raise ValueError(f"{text!r} is no domain that somebody can register")
    if is_open_to_all(domain):
        raise ValueError(f"anyone may have an address at {domain}: it says nothing of whom a person works for")
    return domain


def _is_host(domain: str) -> bool:
    labels = domain.split(".")
    return all(1 <= len(each) <= 63 and each.replace("-", "").isalnum() and each.isascii() for each in labels)


def _customer(text: str) -> str:
    customer = text.strip()
    if not customer:
        raise ValueError("is empty")
    if fault := _text_fault(customer, LONGEST_ID):
        raise ValueError(fault)
    return customer


def _text_fault(text: str, longest: int) -> str | None:
    """Why PostgreSQL, Kafka or a person could not do with the text."""
    if len(text) > longest:
        return f"has {len(text)} characters; {longest} at most"
    if any(ord(each) < 32 or ord(each) == 127 for each in text):
        return "must not contain control characters"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    return None
