"""A client's ledger while contributions come in: what it says now, and what of that readers must be told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger import (
    ClientHistory,
    ClosedBooks,
    Member,
    books_closed_at,
    books_opened_at,
    stays_with,
    written,
)
from libs.domain.ledger.entries import Balance
from libs.domain.policy import Policy
from libs.wire.course_codec import belonging_of, levels
from libs.wire.movement_codec import Books, digest, movement_record, undone
from libs.wire.records import ContributionChanged, MovementRecord
from services.mrr.client_entry import ClientEntry, Published

MOST_OPEN = 2000
KEPT_OPEN = 1000
SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class ClientBooks:
    """Each customer's latest contribution, its course (None where it never was here), the books that are closed, and
    the movements told since."""

    name: ClientId
    contributions: dict[str, ContributionChanged]
    members: dict[str, Member | None]
    closed: ClosedBooks | None
    published: dict[str, Published]
    balance: Balance = field(default_factory=dict)

    @classmethod
    def of(cls, name: ClientId, entry: ClientEntry) -> "ClientBooks":
        """The books that an entry remembers."""
        contributions = {one.customer: one for one in entry.contributions}
        return cls(name, contributions, {}, entry.closed, {one.id: one for one in entry.published})

    def take(self, now: ContributionChanged, policy: Policy) -> bool:
        """A customer's contribution; False where a later one is known. Raises MalformedRecord.

        Where less is known of the time before than was, because courses grow long or are counted otherwise, the books
        are closed there.
        """
        before = self.contributions.get(now.customer)
        if before is not None and now.revision <= before.revision:
            return False
        member, since = member_of(now), now.known_from
        alike = before is not None and before.counting == now.counting
        shorter = since is not None and (self.closed is None or self.closed.at < since) and _was_there(member, since)
        if shorter and alike and since is not None:
            self._close(books_closed_at(self._history(), policy, since))
        self.contributions[now.customer] = now
        self.members[now.customer] = member
        if not alike and (shorter or before is not None):
            self._open_again(policy)
        return True

    def rewritten(self, books: Books, until: datetime, revision: int) -> Iterator[MovementRecord]:
        """The records of all movements that read differently now, and of those that are no more."""
        found = written(self._history(), books.policy, until)
        self.balance = found.balance
        published: dict[str, Published] = {}
        for movement in found.movements:
            seen = Published(movement.id, digest(movement, books), movement.occurred_at)
            published[movement.id] = seen
            if self.published.get(movement.id) != seen:
                yield movement_record(movement, books, revision)
        for name, gone in self.published.items():
            if name not in published:
                yield undone(name, gone.occurred_at, books, revision)
        self.published = published
        if len(published) > MOST_OPEN:
            last = found.movements[-KEPT_OPEN].occurred_at - SECOND
            self._close(books_closed_at(self._history(), books.policy, last))

    def currencies(self) -> set[Currency]:
        """All currencies in which anything was ever paid here."""
        return {level.currency for member in self._present() for level in member.levels}

    def _history(self) -> ClientHistory:
        return ClientHistory(self.name, tuple(self._present()), self.closed)

    def _present(self) -> Iterator[Member]:
        """The members by customer. Each is made when it is first asked for: most are replaced before."""
        for name in sorted(self.contributions):
            if name not in self.members:
                self.members[name] = member_of(self.contributions[name])
            member = self.members[name]
            if member is not None:
                yield member

    def _open_again(self, policy: Policy) -> None:
        """What counts is something else now: only what the courses say since they were counted anew is known."""
        told = self.contributions.values()
        since = max((one.known_from for one in told if one.known_from is not None), default=None)
        self.closed = None
        if since is not None:
            self._close(books_opened_at(self._history(), policy, since, _paid_by(told, since)))

    def _close(self, closed: ClosedBooks) -> None:
        self.closed = closed
        self.published = {name: one for name, one in self.published.items() if one.occurred_at > closed.at}


def member_of(told: ContributionChanged) -> Member | None:
    """The customer as a member of the client's ledger; None where it never was there. Raises MalformedRecord."""
    stays = stays_with(ClientId(told.client), belonging_of(told.belongings))
    return Member(CustomerId(told.customer), levels(told.customer, told.steps), stays) if stays else None


def _was_there(member: Member | None, at: datetime) -> bool:
    return member is not None and any(stay.since is None or stay.since < at for stay in member.stays)


def _paid_by(told: Iterable[ContributionChanged], at: datetime) -> list[CustomerId]:
    return [CustomerId(one.customer) for one in told if one.first_paid_at is not None and one.first_paid_at <= at]
