"""What a client's customers hold while time goes on: sums by currency, and how many pay and subscribe."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from libs.domain.identity import Currency, CustomerId, SubscriptionId
from libs.domain.ledger.classification import Presence
from libs.domain.ledger.level import Level
from libs.domain.ledger.valuation import Holding

NOTHING = Fraction(0)


class Positions:
    """Each subscription's last level and what it is worth; sums over the customers that are at home with the client."""

    __slots__ = ("_levels", "_paying", "_subscribed", "balance", "holdings", "home", "paid")

    def __init__(self, home: Iterable[CustomerId]) -> None:
        self.home = set(home)
        self._levels: dict[SubscriptionId, Level] = {}
        self._paying = 0
        self._subscribed = 0
        self.holdings: dict[SubscriptionId, Holding] = {}
        self.balance: dict[Currency, Fraction] = {}
        self.paid: set[CustomerId] = set()

    def is_home(self, customer: CustomerId) -> bool:
        return customer in self.home

    def level_of(self, subscription: SubscriptionId) -> Level | None:
        """The level that holds."""
        return self._levels.get(subscription)

    def held(self) -> Iterator[tuple[Level, Holding]]:
        """All that is held, at home or not, by subscription."""
        for name in sorted(self.holdings):
            yield self._levels[name], self.holdings[name]

    def presence(self) -> Presence:
        return Presence(self._paying > 0, self._subscribed > 0)

    def put(self, level: Level, holding: Holding) -> None:
        """The subscription's level and worth from now on."""
        at_home = self.is_home(level.customer)
        if at_home:
            self._count(level.subscription, -1)
        self._levels[level.subscription] = level
        self.holdings[level.subscription] = holding
        if holding.own.amount:
            self.paid.add(level.customer)
        if at_home:
            self._count(level.subscription, 1)

    def move(self, customer: CustomerId, home: bool) -> None:
        """The customer comes home or leaves, with all that it holds."""
        names = [name for name, level in self._levels.items() if level.customer == customer]
        for name in names:
            self._count(name, 1 if home else -1)
        (self.home.add if home else self.home.discard)(customer)

    def _count(self, name: SubscriptionId, sign: int) -> None:
        holding = self.holdings.get(name)
        if holding is None:
            return
        worth, before = holding.worth, self.balance.get(holding.worth.currency, NOTHING)
        self.balance[worth.currency] = before + worth.amount if sign > 0 else before - worth.amount
        self._paying += sign * bool(holding.own.amount)
        self._subscribed += sign * self._levels[name].counted
