"""The stream over facts that nobody wrote down as Stripe's: random lives of customers, delivered in any way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

import msgspec

from libs.domain.fact import Fact, about_customer, about_discount, about_subscription
from libs.domain.identity import ClientId, CustomerId, SubscriptionId
from libs.domain.ledger import Movement
from libs.runtime.faust_batch import Record
from libs.wire.contribution_codec import exact_amount
from libs.wire.records import NULL, MovementRecord, StripeRecord, VersionMark
from libs.wire.topics import STRIPE_EVENTS
from services.mrr.arrivals import Told
from services.mrr.customers import CustomerStage
from tests.domain.states import T0
from tests.mrr.in_memory import MemoryRecord, Stream

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


class FactStage(CustomerStage):
    """The customers' stage, but that records are numbers of facts."""

    facts: Sequence[Fact] = ()

    def read(self, record: Record) -> Told:
        customer = (record.key or b"").partition(b"/")[2].decode()
        fact = self.facts[int(record.value or b"0")]
        return Told(msgspec.structs.replace(NO_RECORD, customer=customer), (fact,), ())


@dataclass
class FactStream(Stream):
    """Both stages over facts."""

    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        stage = FactStage(self.policies, self.directory, lambda: self.now, epoch=1)
        stage.facts = self.facts
        self.by_customer = stage

    def records(self, deliveries: Iterable[Delivery]) -> list[MemoryRecord]:
        """The deliveries as records, after those that there were."""
        made = []
        for customer, fact in deliveries:
            number = len(self.facts)
            self.facts.append(fact)
            key = f"{PROJECT}/{customer}".encode()
            made.append(MemoryRecord(STRIPE_EVENTS.name, number, key, str(number).encode()))
        return made

    def deliver(self, deliveries: Iterable[Delivery]) -> None:
        """Have them all folded."""
        self.feed(self.records(deliveries))


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
