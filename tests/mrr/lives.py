"""The stream over facts that nobody wrote down as Stripe's: random lives of customers, delivered in any way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from fractions import Fraction
from random import Random

import msgspec

from libs.domain.fact import Fact, about_customer, about_discount, about_subscription
from libs.domain.identity import ClientId, Currency, CustomerId, SubscriptionId
from libs.domain.ledger import Movement
from libs.domain.mrr import Evaluate
from libs.runtime.faust_batch import Record, StageResult
from libs.wire.codec import encode
from libs.wire.contribution_codec import exact_amount
from libs.wire.records import NULL, DirectoryRecord, MovementRecord, SettingsRecord, StripeRecord, VersionMark
from libs.wire.topics import STRIPE_EVENTS
from services.mrr.arrivals import Told
from services.mrr.customer_entry import UNTOLD, checked_of
from services.mrr.customers import CustomerStage
from tests.domain.account_lives import HAPPENINGS, NAMES, PAUSES, lived
from tests.domain.states import T0, customer
from tests.domain.states import told as told_version
from tests.mrr.in_memory import MemoryRecord, Stream, remember

PROJECT = "acme"
NO_RECORD = StripeRecord(
    project=PROJECT,
    account="acct_1",
    livemode=True,
    source="webhook",
    type="",
    version=VersionMark(T0, 0),
    object=NULL,
)
Delivery = tuple[CustomerId, Fact]


class Fate(Enum):
    """What becomes of a worker after it has published."""

    GOES_ON = auto()
    FORGETS = auto()
    REPEATS = auto()


FATES = (Fate.GOES_ON, Fate.GOES_ON, Fate.FORGETS, Fate.REPEATS)


class FactStage(CustomerStage):
    """The customers' stage, but that records are numbers of facts."""

    facts: Sequence[Fact] = ()

    def read(self, record: Record, appraise: Evaluate) -> Told:
        customer = (record.key or b"").partition(b"/")[2].decode()
        fact = self.facts[int(record.value or b"0")]
        return Told(msgspec.structs.replace(NO_RECORD, customer=customer), (fact,), ())


@dataclass
class FactStream(Stream):
    """Both stages over facts."""

    facts: list[Fact] = field(default_factory=list)
    version: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        stage = FactStage(self.policies, self.directory, lambda: self.now, epoch=1)
        stage.facts = self.facts
        self.by_customer = stage

    def settle(self, **policy: object) -> None:
        """Have the project set these options."""
        self.version += 1
        record = SettingsRecord(project=PROJECT, version=self.version, policy=policy)
        self.policies.apply(PROJECT.encode(), encode(record))

    def say(self, client: str, at: datetime, domains: tuple[str, ...]) -> None:
        """Have people say that these domains are the client's."""
        record = DirectoryRecord(project=PROJECT, client=client, version=1, updated_at=at, domains=domains)
        self.directory.apply(f"{PROJECT}/{client}".encode(), encode(record))

    def records(self, deliveries: Iterable[Delivery]) -> list[MemoryRecord]:
        """The deliveries as records, after those that there were."""
        made = []
        for name, fact in deliveries:
            number = len(self.facts)
            self.facts.append(fact)
            key = f"{PROJECT}/{name}".encode()
            made.append(MemoryRecord(STRIPE_EVENTS.name, number, key, str(number).encode()))
        return made

    def deliver_roughly(self, deliveries: Iterable[Delivery], dice: Random) -> None:
        """Have them folded by workers that crash: between publishing and remembering, or before they say how far they
        are. What is read again is read in other rounds."""
        records, place = self.records(deliveries), 0
        while place < len(records):
            some = records[place : place + dice.randint(1, 8)]
            result = self.by_customer.compute(some, self.customers)
            remember(self.customers, StageResult(changes=result.ahead))
            self.published(result)
            fate = dice.choice(FATES)
            if fate is not Fate.FORGETS:
                remember(self.customers, result)
            if fate is Fate.GOES_ON:
                place += len(some)
                continue
            self.now += timedelta(seconds=7)
            if dice.random() < 0.5:
                self.recover()
        self.follow_roughly(dice)

    def recover(self) -> None:
        """As a worker does that finds entries of another: those of which not all may have been told are looked at."""
        keys = [key for key, data in self.customers.items() if checked_of(data) == UNTOLD]
        result = self.by_customer.recheck(keys, self.customers)
        self.published(result)
        remember(self.customers, result)

    def follow_roughly(self, dice: Random) -> None:
        """The same of the second stage."""
        while self.followed < len(self.activity):
            some = self.activity[self.followed : self.followed + dice.randint(1, 8)]
            result = self.by_client.compute(some, self.clients)
            self.read(result)
            fate = dice.choice(FATES)
            if fate is not Fate.FORGETS:
                remember(self.clients, result)
            if fate is Fate.GOES_ON:
                self.followed += len(some)

    def deliver(self, deliveries: Iterable[Delivery]) -> None:
        """Have them all folded."""
        self.feed(self.records(deliveries))


def with_email(address: str, at: datetime) -> Fact:
    """The customer with this address."""
    return told_version(replace(customer(), email=address), at)


def in_euros(facts: Iterable[Fact]) -> list[Fact]:
    """The same life, but that one of the subscriptions is in euros."""
    return [_in_euros(fact) for fact in facts]


def _in_euros(fact: Fact) -> Fact:
    if not about_subscription(fact) or fact.content.id != "sub_b":
        return fact
    euro = Currency("eur")
    items = tuple(replace(item, price=replace(item.price, currency=euro)) for item in fact.content.items)
    return replace(fact, content=replace(fact.content, currency=euro, items=items))


def told(movements: Iterable[MovementRecord]) -> list[tuple[object, ...]]:
    """What records say of their movements."""
    return sorted(
        (one.id, one.client, one.kind, one.exact_before, one.exact_after, one.reason, one.customer, one.estimated)
        for one in movements
    )


def written(movements: Iterable[Movement]) -> list[tuple[object, ...]]:
    """The same of the movements themselves."""
    return sorted(
        (
            one.id,
            one.client,
            one.kind.value,
            _text(one.before),
            _text(one.after),
            one.reason.value,
            one.customer,
            one.estimated,
        )
        for one in movements
    )


def _text(amount: Fraction) -> str:
    return str(amount)


def balances(movements: Iterable[MovementRecord], at: datetime) -> Mapping[tuple[ClientId, str], Fraction]:
    """What the ledger says that each client has in each currency just after `at`, where it has anything."""
    found: dict[tuple[ClientId, str], Fraction] = {}
    for one in movements:
        if one.occurred_at <= at:
            place = ClientId(one.client), one.currency
            found[place] = found.get(place, Fraction(0)) + exact_amount(one.exact)
    return {place: amount for place, amount in found.items() if amount}


def of(customer: str, facts: Iterable[Fact]) -> list[Delivery]:
    """The facts as another customer's."""
    return [(CustomerId(customer), _named(fact, customer)) for fact in facts]


def _named(fact: Fact, customer: str) -> Fact:
    """The same happening to another customer: ids differ, for no two customers share a subscription."""
    owner = CustomerId(customer)
    if about_subscription(fact):
        name = SubscriptionId(f"{fact.content.id}@{customer}")
        return replace(fact, content=replace(fact.content, customer=owner, id=name))
    if about_customer(fact):
        return replace(fact, content=replace(fact.content, id=owner))
    if about_discount(fact) and fact.content.subscription is not None:
        name = SubscriptionId(f"{fact.content.subscription}@{customer}")
        return replace(fact, content=replace(fact.content, subscription=name))
    return fact


def life(dice: Random, most: int = 10) -> list[Fact]:
    """A customer's random life, drawn from dice: quicker than a strategy where thousands are wanted."""
    course = [
        (dice.choice(HAPPENINGS), dice.choice(NAMES), dice.randint(0, 9), dice.choice(PAUSES))
        for _ in range(dice.randint(1, most))
    ]
    return lived(course)
