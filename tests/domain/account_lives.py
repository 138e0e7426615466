"""Random lives of an account as facts, in the order in which they happened: for properties of the fold."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from libs.domain.customer import Customer
from libs.domain.fact import Fact
from libs.domain.identity import Currency, CustomerId, EventId, InvoiceId
from libs.domain.invoice import Invoice, InvoiceStatus
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.version import Rank
from tests.domain import states

NAMES = ("sub_a", "sub_a", "sub_b")
STATUSES = ("past_due", "past_due", "active", "unpaid", "paused", "past_due")
PAUSES = (0, 0, 0, 0, 1, 60, 3600, 86_400, 3 * 86_400, 9 * 86_400)


@dataclass
class Life:
    """An account as it goes on; each method lets one thing happen and notes the facts that tell of it."""

    now: datetime = states.T0
    facts: list[Fact] = field(default_factory=list)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    customer: Customer = field(default_factory=states.customer)

    def event(self) -> EventId:
        return EventId(f"evt_{len(self.facts)}")

    def say(self, content: Subscription, rank: Rank, previous: Subscription | None = None) -> None:
        self.facts.append(states.told(content, self.now, rank, previous, event=self.event()))

    def existing(self, name: str) -> Subscription:
        if name not in self.subscriptions:
            self.subscriptions[name] = states.subscription(name)
            self.say(self.subscriptions[name], Rank.CREATE)
        return self.subscriptions[name]

    def update(self, name: str, number: int) -> None:
        before = self.existing(name)
        item = replace(before.items[0], quantity=number)
        self.subscriptions[name] = replace(before, items=(item,))
        self.say(self.subscriptions[name], Rank.UPDATE, before)

    def change_status(self, name: str, number: int) -> None:
        before = self.existing(name)
        if before.status is not SubscriptionStatus.CANCELED:
            status = SubscriptionStatus(STATUSES[number % len(STATUSES)])
            self.subscriptions[name] = replace(before, status=status)
            self.say(self.subscriptions[name], Rank.UPDATE, before)

    def delete(self, name: str, number: int) -> None:
        """The update of the same second, where there is one, shows what it was just before."""
        if number % 2:
            self.update(name, number)
        gone = replace(self.existing(name), status=SubscriptionStatus.CANCELED, ended_at=self.now)
        self.subscriptions[name] = gone
        self.say(gone, Rank.TERMINAL)

    def notice(self, name: str, number: int) -> None:
        self.say(self.existing(name), Rank.NOTICE)

    def snapshot(self, name: str, number: int) -> None:
        content = self.existing(name)
        ended = content.status is SubscriptionStatus.CANCELED
        self.facts.append(states.seen(content, self.now, Rank.TERMINAL_SNAPSHOT if ended else Rank.SNAPSHOT))
        self.facts.append(states.seen(self.customer, self.now))

    def twin(self, name: str, number: int) -> None:
        """Stripe makes a second event for the last change."""
        if self.facts:
            self.facts.append(replace(self.facts[-1], event=self.event()))

    def rendering(self, name: str, number: int) -> None:
        """An event is delivered incomplete as well, or in another version of Stripe's API."""
        found = [fact for fact in self.facts if isinstance(fact.content, Subscription) and fact.event is not None]
        if found:
            fact = found[number % len(found)]
            assert isinstance(fact.content, Subscription)
            poorer = replace(fact.content, gaps=("tiers:price_1",) * (number % 3), items=fact.content.items * 2)
            self.facts.append(states.told(poorer, fact.at, fact.rank, event=fact.event))

    def stray(self, name: str, number: int) -> None:
        """A second change of which nobody knows what it changed."""
        self.say(replace(self.existing(name), items=()), Rank.UPDATE)

    def change_customer(self, name: str, number: int) -> None:
        before = self.customer
        self.customer = replace(before, email=f"{number}@acme.test")
        self.facts.append(states.told(self.customer, self.now, Rank.UPDATE, before, event=self.event()))

    def delete_customer(self, name: str, number: int) -> None:
        self.customer = replace(self.customer, deleted=True)
        self.facts.append(states.told(self.customer, self.now, Rank.TERMINAL, event=self.event()))

    def discount(self, name: str, number: int) -> None:
        """Put on, changed, taken off; on a subscription or the customer; also only named by an object."""
        discount = states.half_off(f"di_{number % 3}", states.after(days=number))
        item = f"si_{name}" if number % 4 == 1 else None
        told = states.applied(discount, name if number % 2 else None, removed=number % 5 == 0, item=item)
        rank = Rank.TERMINAL if told.removed else Rank.CREATE
        self.facts.append(states.told(told, self.now, rank, event=self.event()))
        before = self.existing(name)
        shown = discount if number % 4 else states.by_id(discount)
        self.subscriptions[name] = replace(before, discounts=(shown,))
        self.say(self.subscriptions[name], Rank.UPDATE, before)

    def invoice(self, name: str, number: int) -> None:
        invoice = Invoice(InvoiceId(f"in_{number}"), CustomerId("cus_1"), InvoiceStatus.OPEN, Currency("usd"))
        self.facts.append(states.told(invoice, self.now, event=self.event()))

    def from_the_future(self, name: str, number: int) -> None:
        if number == 0:
            ahead = replace(self.existing(name), items=())
            self.facts.append(states.told(ahead, self.now + timedelta(days=400), event=self.event()))


Happening = Callable[[Life, str, int], None]

HAPPENINGS: tuple[Happening, ...] = (
    Life.update,
    Life.update,
    Life.update,
    Life.change_status,
    Life.change_status,
    Life.delete,
    Life.notice,
    Life.snapshot,
    Life.snapshot,
    Life.twin,
    Life.rendering,
    Life.stray,
    Life.change_customer,
    Life.delete_customer,
    Life.discount,
    Life.discount,
    Life.invoice,
    Life.from_the_future,
)

steps = st.tuples(st.sampled_from(HAPPENINGS), st.sampled_from(NAMES), st.integers(0, 9), st.sampled_from(PAUSES))


def lived(course: list[tuple[Happening, str, int, int]]) -> list[Fact]:
    """The facts of a life that takes this course: what happens, to which subscription, how much, and how long after."""
    life = Life()
    for happening, name, number, pause in course:
        life.now += timedelta(seconds=pause)
        happening(life, name, number)
    return life.facts


account_lives = st.one_of(st.lists(steps, min_size=1, max_size=12), st.lists(steps, min_size=15, max_size=40)).map(
    lived
)
windows = st.sampled_from((None, timedelta(0), timedelta(hours=1), timedelta(days=4), timedelta(days=30)))
