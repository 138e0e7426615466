"""What a change of the directory would move: the rules of mapping, run over the customers that it concerns."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from libs.domain.customer import Customer
from libs.domain.identity import CustomerId
from libs.domain.mapping import Directory, Match, Person, client_of_person, person_of
from libs.wire.codec import MalformedRecord, decode
from libs.wire.mail_domains import registrable
from libs.wire.mail_rules import mail_rules
from libs.wire.records import MappingOptions, StripeRecord
from libs.wire.stripe_event import read
from services.api.database import Connection
from services.api.directory_entry import Entry
from services.api.money import by_currency
from services.api.queries import clients, customers, directory
from services.api.queries.customers import Claimed, CustomerFound

MOST_CUSTOMERS = 1_000
Amounts = dict[str, Fraction]
Told = dict[str, object]


@dataclass(frozen=True, slots=True)
class Question:
    """Whose directory, and how the project maps by its settings."""

    connection: Connection
    project: str
    options: MappingOptions


@dataclass(frozen=True, slots=True)
class Move:
    """A customer that would belong to another client."""

    customer: CustomerFound
    to: Match


async def preview_entry(question: Question, wanted: Entry) -> Told:
    """What storing the entry would move; where it concerns more than MOST_CUSTOMERS, `complete` is false."""
    held = await directory.one(question.connection, question.project, wanted.client)
    entries = [wanted] if held is None else [wanted, held.entry]
    claimed = Claimed(
        wanted.client,
        [each for entry in entries for each in entry.stripe_customers],
        [each for entry in entries for each in entry.stakeholder_emails],
        [name for entry in entries for each in entry.domains if (name := registrable(each)) is not None],
    )
    found = await customers.concerned(question.connection, question.project, claimed, MOST_CUSTOMERS + 1)
    moves = await _moves(question, found[:MOST_CUSTOMERS], [wanted])
    return await _told(question, moves) | {"complete": len(found) <= MOST_CUSTOMERS}


async def preview_override(question: Question, customer: CustomerFound, changed: Sequence[Entry]) -> Told:
    """What the entries, changed by giving the customer to a client by hand or to none, would move."""
    return await _told(question, await _moves(question, [customer], changed)) | {"complete": True}


async def _moves(question: Question, found: Sequence[CustomerFound], changed: Sequence[Entry]) -> list[Move]:
    people = await _people(question, found)
    planned = await _directory(question, people)
    for entry in changed:
        planned.put(directory.rules_entry(entry))
    matched = [Move(each, client_of_person(person, planned)) for each, person in zip(found, people, strict=True)]
    return [move for move in matched if move.to.client != move.customer.client]


async def _people(question: Question, found: Sequence[CustomerFound]) -> list[Person]:
    """What of each customer can connect it, by its newest version."""
    ids = [each.customer for each in found]
    records = await customers.newest_versions(question.connection, question.project, ids)
    rules = mail_rules(question.options)
    return [person_of(CustomerId(each), _known(records.get(each)), rules) for each in ids]


def _known(record: bytes | None) -> Customer | None:
    if record is None:
        return None
    try:
        facts = read(decode(record, StripeRecord))
    except MalformedRecord:
        return None
    return next((fact.content for fact in facts if isinstance(fact.content, Customer)), None)


async def _directory(question: Question, people: Sequence[Person]) -> Directory:
    """The entries that claim any of these people."""
    named = await directory.claiming(
        question.connection,
        question.project,
        [each.customer for each in people],
        [each.email for each in people if each.email],
        [domain for each in people for domain in each.domains],
    )
    wanted = {*named, *(each.named for each in people if each.named)}
    held = await directory.held(question.connection, question.project, list(wanted))
    return Directory(directory.rules_entry(each.entry) for each in held.values())


async def _told(question: Question, moves: Sequence[Move]) -> Told:
    effects: dict[str, Amounts] = {}
    moved: Amounts = {}
    for move in moves:
        _add(moved, move.customer.exact, 1)
        _add(effects.setdefault(move.to.client, {}), move.customer.exact, 1)
        if move.customer.client is not None:
            _add(effects.setdefault(move.customer.client, {}), move.customer.exact, -1)
    before = await clients.exact_mrr(question.connection, question.project, list(effects))
    return {
        "moves": [_move(each) for each in moves],
        "customers": len(moves),
        "mrr": by_currency(moved),
        "clients": [
            {"client": client, "before": by_currency(held), "after": by_currency(_sum(held, change))}
            for client, change in sorted(effects.items())
            for held in [before.get(client, {})]
        ],
    }


def _move(move: Move) -> Told:
    return {
        "customer": move.customer.customer,
        "from": move.customer.client,
        "to": move.to.client,
        "matched_by": move.to.by.value,
        "conflicts": move.to.conflicts,
        "mrr": by_currency(move.customer.exact),
    }


def _add(sums: Amounts, amounts: Amounts, sign: int) -> None:
    for currency, exact in amounts.items():
        sums[currency] = sums.get(currency, Fraction(0)) + sign * exact


def _sum(held: Amounts, change: Amounts) -> Amounts:
    sums = dict(held)
    _add(sums, change, 1)
    return sums
