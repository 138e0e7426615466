"""What a round brings for one customer, cut where something comes too late for its own time.

What is told must follow from the records in their order, however many of them a round takes together. Facts within the
late window may be folded in one go; before one that is late, and after it, the books are brought up to date, as they
would be if each record came alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.domain.customer_state import CustomerState, settled_up_to, told_until
from libs.domain.fact import Fact, about_invoice, about_subscription
from libs.domain.identity import SubscriptionId
from libs.domain.subscription import SubscriptionStatus
from libs.wire.activity import Troubling
from libs.wire.records import InvoiceActivity, StripeRecord


@dataclass(slots=True)
class Arrivals:
    """The facts, each with the record that told of it, and what alerts are told. `offset` is that of the last one."""

    account: str
    livemode: bool
    offset: int = -1
    facts: list[tuple[Fact, StripeRecord]] = field(default_factory=list)
    told: list[InvoiceActivity | Troubling] = field(default_factory=list)

    def add(self, offset: int, told: "Told") -> None:
        self.offset = offset
        for fact in told.facts:
            self.facts.append((fact, told.record))
        self.told += told.activities


@dataclass(frozen=True, slots=True)
class Told:
    """What one record tells."""

    record: StripeRecord
    facts: tuple[Fact, ...]
    activities: tuple[InvoiceActivity | Troubling, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """Facts that can be folded together. `late`: it is one fact, which comes too late for its own time. `offset` is
    that of the last record of the round."""

    facts: tuple[tuple[Fact, StripeRecord], ...]
    late: bool
    offset: int


def segments(arrivals: Arrivals, state: CustomerState, window: timedelta | None) -> Iterator[Segment]:
    """The facts in their order. `state` is what is known before them."""
    together: list[tuple[Fact, StripeRecord]] = []
    until, known = state.told_until, {history[0].content.id for history in state.subscriptions}
    for told in arrivals.facts:
        fact = told[0]
        cut = settled_up_to(until, window)
        if cut is not None and _is_late(fact, cut, known):
            if together:
                yield Segment(tuple(together), False, arrivals.offset)
                together = []
            yield Segment((told,), True, arrivals.offset)
        else:
            together.append(told)
        reach = told_until(fact)
        until = reach if until is None or reach > until else until
        if about_subscription(fact):
            known.add(fact.content.id)
    if together:
        yield Segment(tuple(together), False, arrivals.offset)


def _is_late(fact: Fact, cut: datetime, known: set[SubscriptionId]) -> bool:
    """Whether its time is settled; or whether it ends, in settled time, a subscription that was known."""
    if about_invoice(fact):
        return False  # it tells the time, and nothing of the course
    if fact.at <= cut:
        return True
    if not about_subscription(fact) or fact.content.status is not SubscriptionStatus.CANCELED:
        return False
    ended = fact.content.ended_at
    return ended is not None and ended <= cut and fact.content.id in known
