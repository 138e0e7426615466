"""A client's ledger while contributions come in: what it says now, and what of that readers must be told."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger import (
    Bookmark,
    ClientHistory,
    ClosedBooks,
    Member,
    Stay,
    books_closed_at,
    books_opened_at,
    gone_on,
    stays_with,
    with_member,
    written,
)
from libs.domain.ledger.writer import Balance
from libs.domain.policy import Policy
from libs.wire.course_codec import belonging_of, levels
from libs.wire.movement_codec import Books, digest, movement_record, undone
from libs.wire.records import ContributionChanged, CourseStep, MovementRecord
from services.mrr.client_entry import ClientEntry, Kept, Published, Rules, kept, steps_of

MOST_OPEN = 2000
KEPT_OPEN = 1000
SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class ClientBooks:
    """Each customer's latest contribution, the books that are closed, and the movements told since.

    By the bookmark the ledger is gone on with, as long as it is written by the same `rules`; it is None where something
    changed that lies before it. `members` are the courses that were asked for (None where one never was here).
    """

    name: ClientId
    contributions: dict[str, Kept]
    closed: ClosedBooks | None
    published: dict[str, Published]
    bookmark: Bookmark | None
    rules: Rules
    members: dict[str, Member | None] = field(default_factory=dict)
    balance: Balance = field(default_factory=dict)

    @classmethod
    def of(cls, name: ClientId, entry: ClientEntry) -> "ClientBooks":
        """The books that an entry remembers."""
        contributions = {one.told.customer: one for one in entry.contributions}
        published = {one.id: one for one in entry.published}
        return cls(name, contributions, entry.closed, published, entry.bookmark, entry.rules)

    def take(self, now: ContributionChanged, policy: Policy) -> bool:
        """A customer's contribution; False where a later one is known. Raises MalformedRecord.

        Where less is known of the time before than was, because courses grow long or are counted otherwise, the books
        are closed there.
        """
        known = self.contributions.get(now.customer)
        if known is not None and now.revision <= known.told.revision:
            return False
        bookmark = None if self.bookmark is None else _moved_on(self.bookmark, known, now, policy)
        member = member_of(now, now.steps) if bookmark is None else None
        since, alike = now.known_from, known is not None and known.told.counting == now.counting
        shorter = since is not None and (self.closed is None or self.closed.at < since) and _was_there(now, since)
        if shorter and alike and since is not None:
            self._close(books_closed_at(self._history(), policy, since))
        self.contributions[now.customer] = kept(now)
        self.members.pop(now.customer, None)
        if bookmark is None:
            self.members[now.customer] = member
        self.bookmark = None if shorter else bookmark
        if not alike and (shorter or known is not None):
            self._open_again(policy)
        return True

    def rewritten(self, books: Books, until: datetime, revision: int) -> Iterator[MovementRecord]:
        """The records of all movements that read differently now, and of those that are no more."""
        rules = Rules(books.settings, books.counting)
        bookmark = self.bookmark if rules == self.rules else None
        if bookmark is None:
            found, published = written(self._history(), books.policy, until), {}
        else:
            found, at = gone_on(self.name, books.policy, bookmark), bookmark.at
            published = {name: one for name, one in self.published.items() if one.occurred_at <= at}
        self.balance, self.bookmark, self.rules = found.balance, found.bookmark, rules
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
            last = list(published.values())[-KEPT_OPEN].occurred_at - SECOND
            self._close(books_closed_at(self._history(), books.policy, last))

    def currencies(self) -> set[Currency]:
        """All currencies of which a rate could change what is held here."""
        if self.bookmark is None:
            return {level.currency for member in self._present() for level in member.levels}
        later = (one.level.currency for one in self.bookmark.later if one.level is not None)
        return {*self.bookmark.currencies, *later}

    def _history(self) -> ClientHistory:
        return ClientHistory(self.name, tuple(self._present()), self.closed)

    def _present(self) -> Iterator[Member]:
        """The members by customer. Each is made when it is first asked for: most never are."""
        for name in sorted(self.contributions):
            if name not in self.members:
                one = self.contributions[name]
                self.members[name] = member_of(one.told, steps_of(one))
            member = self.members[name]
            if member is not None:
                yield member

    def _open_again(self, policy: Policy) -> None:
        """What counts is something else now: only what the courses say since they were counted anew is known."""
        told = [one.told for one in self.contributions.values()]
        since = max((one.known_from for one in told if one.known_from is not None), default=None)
        self.closed, self.bookmark = None, None
        if since is not None:
            self._close(books_opened_at(self._history(), policy, since, _paid_by(told, since)))

    def _close(self, closed: ClosedBooks) -> None:
        self.closed, self.bookmark = closed, None
        self.published = {name: one for name, one in self.published.items() if one.occurred_at > closed.at}


def member_of(told: ContributionChanged, steps: Iterable[CourseStep]) -> Member | None:
    """The customer as a member of the client's ledger; None where it never was there. Raises MalformedRecord."""
    stays = _stays(told)
    return Member(CustomerId(told.customer), levels(told.customer, steps), stays) if stays else None


def _moved_on(bookmark: Bookmark, known: Kept | None, now: ContributionChanged, policy: Policy) -> Bookmark | None:
    """The bookmark with what a contribution says of the time after it; None where it says anything else of before."""
    at = bookmark.at
    if known is None:
        alike = not _up_to(at, now.steps) and all(stay.since is None or stay.since > at for stay in _stays(now))
    else:
        alike = known.told.belongings == now.belongings and _up_to(at, steps_of(known)) == _up_to(at, now.steps)
    if not alike:
        return None
    member = member_of(now, [step for step in now.steps if step.at > at])
    return bookmark if member is None else with_member(bookmark, member, policy)


def _up_to(at: datetime, steps: Sequence[CourseStep]) -> list[CourseStep]:
    return [step for step in steps if step.at <= at]


def _stays(told: ContributionChanged) -> tuple[Stay, ...]:
    return stays_with(ClientId(told.client), belonging_of(told.belongings))


def _was_there(told: ContributionChanged, at: datetime) -> bool:
    return any(stay.since is None or stay.since < at for stay in _stays(told))


def _paid_by(told: Iterable[ContributionChanged], at: datetime) -> list[CustomerId]:
    return [CustomerId(one.customer) for one in told if one.first_paid_at is not None and one.first_paid_at <= at]
