"""What the rules look at: a client's facts in the order in which they happened, as known at one instant."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from typing import TypeVar

from libs.domain.client_state import SubscriptionRevenue
from libs.domain.customer_state.history import in_order
from libs.domain.identity import ClientId, Currency, CustomerId, ProjectId, SubscriptionId
from libs.domain.risk.client_risk import ClientRisk
from libs.domain.risk.facts import (
    CustomerFact,
    DisputeFact,
    MethodFact,
    SubscriptionFact,
    WarningFact,
)
from libs.domain.risk.settings import DEFAULT_RISK, RiskSettings
from libs.domain.risk.signal import MrrAtRisk
from libs.domain.subscription import SubscriptionStatus
from libs.domain.value import value
from libs.domain.version import Version

Content = TypeVar("Content")
Line = tuple[Version[Content], ...]


@value(frozen=True, slots=True)
class RiskContext:
    """`subscriptions` and the others are the histories, each in order, less what lies in the future of `now`."""

    project: ProjectId
    client: ClientId
    now: datetime
    risk: ClientRisk
    settings: RiskSettings
    subscriptions: tuple[tuple[SubscriptionFact, ...], ...]
    customers: tuple[tuple[CustomerFact, ...], ...]
    methods: tuple[tuple[MethodFact, ...], ...]
    disputes: tuple[tuple[DisputeFact, ...], ...]
    warnings: tuple[tuple[WarningFact, ...], ...]

    def subscription(self, name: SubscriptionId | None) -> tuple[SubscriptionFact, ...]:
        """The history of one subscription; empty where nothing is known of it."""
        return next((line for line in self.subscriptions if line[0].content.subscription == name), ())

    def customer(self, name: CustomerId) -> tuple[CustomerFact, ...]:
        """The history of a customer, as far as payment methods go."""
        return next((line for line in self.customers if line[0].content.customer == name), ())

    def method(self, name: str) -> tuple[MethodFact, ...]:
        """The history of a payment method."""
        return next((line for line in self.methods if line[0].content.method == name), ())

    def mrr_of(self, customer: CustomerId, subscription: SubscriptionId | None = None) -> tuple[MrrAtRisk, ...]:
        """The MRR of the subscription; of all the customer's, where none is named or that one is not known."""
        own = [one for each in self.risk.revenue.customers if each.customer == customer for one in each.subscriptions]
        named = [one for one in own if one.subscription == subscription]
        return summed(_worth(named or own))

    def client_mrr(self) -> tuple[MrrAtRisk, ...]:
        """All that the client pays."""
        return summed(_worth(one for each in self.risk.revenue.customers for one in each.subscriptions))


def context_of(
    risk: ClientRisk, client: tuple[ProjectId, ClientId], now: datetime, settings: RiskSettings = DEFAULT_RISK
) -> RiskContext:
    """What the rules see of `risk` at `now`; `client` is the project and the client."""
    return RiskContext(
        *client,
        now,
        risk,
        settings,
        lines(risk.subscriptions, now),
        lines(risk.customers, now),
        lines(risk.methods, now),
        lines(risk.disputes, now),
        lines(risk.warnings, now),
    )


def lines(histories: Sequence[Line[Content]], now: datetime) -> tuple[Line[Content], ...]:
    """Each history in the order in which it happened; those that only begin after `now` are left out."""
    ordered = (history if len(history) == 1 and history[0].at <= now else in_order(history, now).versions
               for history in histories)  # fmt: skip
    return tuple(line for line in ordered if line)


def ended(line: Sequence[SubscriptionFact]) -> SubscriptionFact | None:
    """The version with which a subscription ended; the first such one."""
    return next((version for version in line if not version.content.lives), None)


def canceled(line: Sequence[SubscriptionFact]) -> SubscriptionFact | None:
    """The version with which it was canceled: what ends all other troubles with it."""
    last = ended(line)
    return last if last is not None and last.content.status is SubscriptionStatus.CANCELED else None


def end_of(version: SubscriptionFact) -> datetime:
    """When a subscription that has ended did so: Stripe's own time, where it is not later than the news of it."""
    told = version.content.ended_at
    return version.at if told is None or told > version.at else told


def lost(line: Sequence[SubscriptionFact], version: SubscriptionFact) -> tuple[MrrAtRisk, ...]:
    """What a subscription was worth at a version; where that one is incomplete, at the last one that is not."""
    complete = [one for one in line if one.content.complete]
    known = version if version.content.complete or not complete else complete[-1]
    return stake(known.content.currency, known.content.worth)


def is_old_news(version: Version[Content], over_since: datetime) -> bool:
    """Whether a snapshot shows as the first thing that we hear what was over for good by then: the lists of a newly
    connected account are full of that, and nobody is to be told."""
    return version.event is None and over_since <= version.at


def stake(currency: Currency, amount: Fraction) -> tuple[MrrAtRisk, ...]:
    """One amount of MRR; nothing where it is none."""
    return (MrrAtRisk(currency, amount),) if amount > 0 else ()


def summed(amounts: Iterator[MrrAtRisk]) -> tuple[MrrAtRisk, ...]:
    """Amounts by currency, those above 0, by the currency's code."""
    sums: dict[Currency, Fraction] = {}
    for one in amounts:
        sums[one.currency] = sums.get(one.currency, Fraction(0)) + one.amount
    return tuple(MrrAtRisk(currency, sums[currency]) for currency in sorted(sums) if sums[currency] > 0)


def _worth(revenues: Sequence[SubscriptionRevenue] | Iterator[SubscriptionRevenue]) -> Iterator[MrrAtRisk]:
    return (MrrAtRisk(one.currency, one.amount) for one in revenues)
