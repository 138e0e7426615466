"""A client's ledger: what happened to it, in order, becomes movements."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger.classification import (
    ClientStanding,
    MovementKind,
    Standing,
    forgotten,
    kind_of,
    standing_after,
)
from libs.domain.ledger.closed import ClientHistory, ClosedBooks, Held
from libs.domain.ledger.course import END_OF_TIME
from libs.domain.ledger.group import Account, Group, account
from libs.domain.ledger.level import Level
from libs.domain.ledger.movement import Movement
from libs.domain.ledger.positions import NOTHING, Positions
from libs.domain.ledger.reason import Reason
from libs.domain.ledger.turns import Happening, Turn, at_home_first, happenings
from libs.domain.ledger.valuation import Holding, valued
from libs.domain.policy import FxMode, Policy
from libs.domain.totals import Total, by_currency

Balance = Mapping[Currency, Fraction]
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Written:
    """A client's ledger; `balance` is what it has now, by currency, without those that have nothing."""

    movements: tuple[Movement, ...]
    balance: Balance


def ledger(history: ClientHistory, policy: Policy, until: datetime) -> tuple[Movement, ...]:
    """All movements of a client up to `until`, oldest first; a pure function of its members' levels.

    Where its books are closed, all movements after that. What its members' levels then say of the closed time is not
    written again; what they say otherwise is a movement of the first second after it.

    Changes of one second are one movement for each currency; so are those within `movement_grouping_minutes` of the
    first. New, churn and reactivation look at all currencies together. Up to each instant (that no group is open at)
    the movements of a currency add up to the MRR in it, and each `before` is the `after` of the one before.
    """
    return written(history, policy, until).movements


def written(history: ClientHistory, policy: Policy, until: datetime) -> Written:
    """The ledger, and what it adds up to."""
    writer = _written(history, policy, until)
    writer.close()
    return Written(tuple(writer.written), {code: amount for code, amount in writer.positions.balance.items() if amount})


def books_closed_at(history: ClientHistory, policy: Policy, at: datetime) -> ClosedBooks:
    """The books as they are to be closed at `at`; a little earlier where changes that count as one are still open."""
    writer = _written(history, policy, at, last=at)
    group = writer.group
    if group is not None and at - group.at < writer.grouping:
        return books_closed_at(history, policy, group.at - SECOND)
    writer.close()
    held = tuple(Held(level.subscription, holding) for level, holding in writer.positions.held())
    return ClosedBooks(at, writer.standing, held, tuple(sorted(writer.positions.paid)))


def books_opened_at(history: ClientHistory, policy: Policy, at: datetime, paid: Collection[CustomerId]) -> ClosedBooks:
    """Closed books for a client of whose time before `at` no more is known than what its members' levels lead to.

    `paid` are the customers that had paid by then, whatever they hold now.
    """
    books = books_closed_at(replace(history, closed=None), policy, at)
    standing = books.standing
    if standing.standing is Standing.STRANGER and paid:
        standing = ClientStanding(Standing.LAPSED, at)
    return ClosedBooks(at, standing, books.held, tuple(sorted({*books.paid, *paid})))


def _written(history: ClientHistory, policy: Policy, until: datetime, last: datetime = END_OF_TIME) -> "_Writer":
    """The ledger up to `until`, without what is later than `last`; the last group is still open."""
    home = (one.customer for one in history.members if at_home_first(one))
    writer, closed = _Writer(history.client, policy, Positions(home)), history.closed
    for happening in happenings(history.members, policy, until):
        if happening.at > last:
            break
        if closed is not None and happening.at > closed.at:
            writer.open_after(closed)
            closed = None
        writer.take(happening)
    if closed is not None:
        writer.open_after(closed)
    return writer


class _Writer:
    """The ledger while it is written."""

    __slots__ = ("client", "group", "grouping", "policy", "positions", "standing", "written")

    def __init__(self, client: ClientId, policy: Policy, positions: Positions) -> None:
        self.client = client
        self.policy = policy
        self.positions = positions
        self.grouping = timedelta(minutes=policy.movement_grouping_minutes)
        self.standing = ClientStanding()
        self.group: Group | None = None
        self.written: list[Movement] = []

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
