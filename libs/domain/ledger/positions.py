"""What a client's customers hold while time goes on: sums by currency, and how many pay and subscribe."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from libs.domain.identity import Currency, CustomerId, SubscriptionId
from libs.domain.ledger.classification import Presence
from libs.domain.ledger.step import Step
from libs.domain.ledger.valuation import Holding

NOTHING = Fraction(0)


class Positions:
    """Each subscription's last step and what it is worth; sums over the customers that are at home with the client."""

    __slots__ = ("_home", "_paying", "_steps", "_subscribed", "balance", "holdings", "paid")

    def __init__(self, home: Iterable[CustomerId]) -> None:
        self._home = set(home)
        self._steps: dict[SubscriptionId, Step] = {}
        self._paying = 0
        self._subscribed = 0
        self.holdings: dict[SubscriptionId, Holding] = {}
        self.balance: dict[Currency, Fraction] = {}
        self.paid: set[CustomerId] = set()

    def is_home(self, customer: CustomerId) -> bool:
        return customer in self._home

    def step_of(self, subscription: SubscriptionId) -> Step | None:
        """The step that holds."""
        return self._steps.get(subscription)

    def held(self) -> Iterator[tuple[Step, Holding]]:
        """All that is held, at home or not, by subscription."""
        for name in sorted(self.holdings):
            yield self._steps[name], self.holdings[name]

    def presence(self) -> Presence:
        return Presence(self._paying > 0, self._subscribed > 0)

    def put(self, step: Step, holding: Holding) -> None:
        """The subscription's step and worth from now on."""
        at_home = self.is_home(step.customer)
        if at_home:
            self._count(step.subscription, -1)
        self._steps[step.subscription] = step
        self.holdings[step.subscription] = holding
        if holding.own.amount:
            self.paid.add(step.customer)
        if at_home:
            self._count(step.subscription, 1)

    def move(self, customer: CustomerId, home: bool) -> None:
        """The customer comes home or leaves, with all that it holds."""
        names = [name for name, step in self._steps.items() if step.customer == customer]
        for name in names:
            self._count(name, 1 if home else -1)
        (self._home.add if home else self._home.discard)(customer)

    def _count(self, name: SubscriptionId, sign: int) -> None:
        holding = self.holdings.get(name)
        if holding is None:
            return
        worth = holding.worth
        self.balance[worth.currency] = self.balance.get(worth.currency, NOTHING) + sign * worth.amount
        self._paying += sign * (holding.own.amount != 0)
        self._subscribed += sign * self._steps[name].mrr.counted
