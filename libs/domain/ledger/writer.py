"""A client's ledger while it is written: what happens to the client, one thing after the other, becomes movements."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger.bookmark import Bookmark, Position
from libs.domain.ledger.classification import (
    ClientStanding,
    MovementKind,
    Standing,
    forgotten,
    kind_of,
    standing_after,
)
from libs.domain.ledger.closed import ClosedBooks
from libs.domain.ledger.group import Account, Group, account
from libs.domain.ledger.level import Level
from libs.domain.ledger.movement import Movement
from libs.domain.ledger.positions import NOTHING, Positions
from libs.domain.ledger.reason import Reason
from libs.domain.ledger.turns import Happening, Turn
from libs.domain.ledger.valuation import Holding, valued
from libs.domain.policy import FxMode, Policy
from libs.domain.totals import Total, by_currency

Balance = Mapping[Currency, Fraction]
SECOND = timedelta(seconds=1)


class Writer:
    """The ledger while it is written. `standing` and `positions` are those after all that was taken."""

    __slots__ = ("client", "group", "grouping", "policy", "positions", "standing", "written")

    def __init__(self, client: ClientId, policy: Policy, positions: Positions) -> None:
        self.client = client
        self.policy = policy
        self.positions = positions
        self.grouping = timedelta(minutes=policy.movement_grouping_minutes)
        self.standing = ClientStanding()
        self.group: Group | None = None
        self.written: list[Movement] = []

    @classmethod
    def at(cls, client: ClientId, policy: Policy, bookmark: Bookmark) -> "Writer":
        """A writer that goes on after a bookmark."""
        writer = cls(client, policy, Positions(bookmark.home))
        writer.standing = bookmark.standing
        writer.positions.balance = dict.fromkeys(bookmark.currencies, NOTHING)
        for one in bookmark.held:
            writer.positions.put(one.level, one.holding)
        writer.positions.paid = set(bookmark.paid)
        return writer

    @property
    def open_until(self) -> datetime | None:
        """Up to when changes still belong to the group that is open; None where none is."""
        return None if self.group is None else self.group.at + self.grouping

    def bookmark(self, at: datetime, later: Sequence[Happening]) -> Bookmark:
        """What has been taken so far, to go on from there; no group that reaches beyond `at` may be open."""
        self.close()
        positions = self.positions
        return Bookmark(
            at=at,
            standing=self.standing,
            home=tuple(sorted(positions.home)),
            paid=tuple(sorted(positions.paid)),
            currencies=tuple(positions.balance),
            held=tuple(Position(level, holding) for level, holding in positions.held()),
            later=tuple(later),
        )

    def take(self, happening: Happening) -> None:
        """One thing that happened."""
        if happening.level is not None:
            self._level(happening.level)
        elif happening.turn is Turn.RATES:
            self._rates(happening.at)
        elif happening.customer is not None:
            self._transfer(happening.customer, happening.at, home=happening.turn is Turn.COMES)

    def open_after(self, closed: ClosedBooks) -> None:
        """Go on from closed books: what was written of that time so far is what they hold already."""
        self.group = None
        self.written.clear()
        kept = {one.subscription: one.holding for one in closed.held}
        now = tuple(self.positions.held())
        for level, holding in now:
            nothing = Holding(Total(NOTHING, holding.own.currency), Total(NOTHING, holding.worth.currency))
            self.positions.put(level, kept.get(level.subscription, nothing))
        self.positions.paid = set(closed.paid)
        self.standing = closed.standing
        for level, holding in now:
            if holding.own != self.positions.holdings[level.subscription].own:
                self._level(replace(level, at=closed.at + SECOND))

    def _level(self, level: Level) -> None:
        known, held = self.positions.level_of(level.subscription), self.positions.holdings.get(level.subscription)
        worth = valued(level.own, held, self.policy, level.at)
        at_home = self.positions.is_home(level.customer)
        if self.group is not None and level.at - self.group.at > self.grouping:
            self.close()
        if at_home and level.amount != (NOTHING if held is None else held.own.amount):
            if self.group is None:
                self.group = Group(level.at, self.standing, dict(self.positions.balance))
            self.group.add(None if known is None or held is None else (known, held), level, worth)
        self.positions.put(level, worth)
        if self.group is None:
            self.standing = standing_after(self.standing, self.positions.presence(), self.policy, level.at)

    def close(self) -> None:
        """Write the group that is open."""
        group, self.group = self.group, None
        if group is None:
            return
        before = forgotten(group.standing, group.at, self.policy)
        after = standing_after(group.standing, self.positions.presence(), self.policy, group.at)
        self.standing = after
        for currency in sorted(self.positions.balance):
            was, now = group.balance.get(currency, NOTHING), self.positions.balance[currency]
            told = account(group, currency, now - was)
            if told is not None:
                self._write_change(group, currency, told, _kind(before, after, now - was))

    def _write_change(self, group: Group, currency: Currency, told: Account, kind: MovementKind) -> None:
        self.written.append(
            Movement(
                id=self._id(group.at, currency),
                client=self.client,
                kind=kind,
                currency=currency,
                before=group.balance.get(currency, NOTHING),
                after=self.positions.balance[currency],
                occurred_at=group.at,
                reason=told.reason,
                customer=told.main.after.customer,
                subscription=told.main.after.subscription,
                cancellation=told.cancellation,
                estimated=told.estimated,
                caused_by=told.caused_by,
                own=told.own,
                recorded_at=told.recorded_at,
            )
        )

    def _rates(self, at: datetime) -> None:
        """All that is held is worth something else from now on."""
        self.close()
        was = dict(self.positions.balance)
        for level, held in tuple(self.positions.held()):
            if self.policy.fx_mode is FxMode.SPOT or held.worth.currency != self.policy.base_currency:
                self.positions.put(level, valued(held.own, None, self.policy, at))
        self._write_difference(was, at, MovementKind.FX, self._largest_foreign())

    def _transfer(self, customer: CustomerId, at: datetime, home: bool) -> None:
        """A customer comes or leaves with all that it holds; it takes along that it has paid."""
        self.close()
        was = dict(self.positions.balance)
        if self.positions.is_home(customer) != home:
            self.positions.move(customer, home)
            self._write_difference(was, at, MovementKind.TRANSFER, customer)
        self.standing = standing_after(self.standing, self.positions.presence(), self.policy, at)
        if home and customer in self.positions.paid and self.standing.standing is Standing.STRANGER:
            self.standing = ClientStanding(Standing.LAPSED, at)

    def _write_difference(
        self, was: Balance, at: datetime, kind: MovementKind, customer: CustomerId | None = None
    ) -> None:
        for currency, now in sorted(self.positions.balance.items()):
            before = was.get(currency, NOTHING)
            if now != before:
                movement = Movement(
                    id=f"{self._id(at, currency)}/{kind}" + (f"/{customer}" if kind is MovementKind.TRANSFER else ""),
                    client=self.client,
                    kind=kind,
                    currency=currency,
                    before=before,
                    after=now,
                    occurred_at=at,
                    reason=Reason.EXCHANGE_RATE if kind is MovementKind.FX else Reason.MAPPING,
                    customer=customer,
                    own=self._moved_along(customer, currency, now > before) if kind is MovementKind.TRANSFER else (),
                    recorded_at=at,
                )
                self.written.append(movement)

    def _largest_foreign(self) -> CustomerId | None:
        """The customer whose subscription a rate moves most."""
        held = [
            (-one.worth.amount, level.customer)
            for level, one in self.positions.held()
            if one.own.currency != self.policy.base_currency and self.positions.is_home(level.customer)
        ]
        return min(held)[1] if held else None

    def _moved_along(self, customer: CustomerId | None, currency: Currency, comes: bool) -> tuple[Total, ...]:
        """What a customer that comes or leaves brings or takes, in its own currencies."""
        held = (one for level, one in self.positions.held() if level.customer == customer)
        sums = by_currency(one.own for one in held if one.worth.currency == currency)
        return tuple(Total(amount if comes else -amount, code) for code, amount in sums.items() if amount)

    def _id(self, at: datetime, currency: Currency) -> str:
        return f"{self.client}/{int(at.timestamp())}/{currency}"


def _kind(before: ClientStanding, after: ClientStanding, amount: Fraction) -> MovementKind:
    """A change of 0 that swaps currencies at their present worth is neither a rise nor a fall."""
    return kind_of(before.standing, after.standing, amount > 0) if amount else MovementKind.FX
