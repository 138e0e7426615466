"""A client's ledger: what happened to it, in order, becomes movements."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from libs.domain.identity import ClientId, CustomerId
from libs.domain.ledger.bookmark import Bookmark, is_plain, place_of_bookmark
from libs.domain.ledger.classification import ClientStanding, Standing
from libs.domain.ledger.closed import ClientHistory, ClosedBooks, Held
from libs.domain.ledger.movement import Movement
from libs.domain.ledger.positions import Positions
from libs.domain.ledger.turns import Happening, at_home_first, happenings
from libs.domain.ledger.writer import SECOND, Balance, Writer
from libs.domain.policy import Policy
from libs.domain.value import value


@value(frozen=True, slots=True)
class Written:
    """A client's ledger; `balance` is what it has now, by currency, without those that have nothing.

    By the `bookmark` it can be gone on with; None where it has to be written from the beginning.
    """

    movements: tuple[Movement, ...]
    balance: Balance
    bookmark: Bookmark | None = None


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
    happened = happenings(history.members, policy, until)
    writer, rest = _opened(history, policy, happened)
    plain = bool(rest) and is_plain(happened, policy)
    return _finished(writer, rest, _place(history, rest[-1].at, policy) if plain else None)


def gone_on(client: ClientId, policy: Policy, bookmark: Bookmark) -> Written:
    """What `written` says of the time after a bookmark of the same client and policy; the balance is the whole one.

    All that the members' levels say up to the bookmark must be as it was, and no rate may have come in since.
    """
    writer, rest = Writer.at(client, policy, bookmark), bookmark.later
    place = max(bookmark.at, place_of_bookmark(rest[-1].at, policy)) if rest else None
    found = _finished(writer, rest, place)
    return found if rest else replace(found, bookmark=bookmark)


def _place(history: ClientHistory, last: datetime, policy: Policy) -> datetime | None:
    place = place_of_bookmark(last, policy)
    return None if history.closed is not None and place <= history.closed.at + SECOND else place


def _finished(writer: Writer, rest: Sequence[Happening], place: datetime | None) -> Written:
    """Takes the rest. The bookmark is put at `place`, or a little later: where no group is open."""
    bookmark: Bookmark | None = None
    for number, one in enumerate(rest):
        if place is not None and bookmark is None:
            at = max(place, rest[number - 1].at if number else place, writer.open_until or place)
            if at < one.at:
                bookmark = writer.bookmark(at, rest[number:])
        writer.take(one)
    writer.close()
    balance = {code: amount for code, amount in writer.positions.balance.items() if amount}
    return Written(tuple(writer.written), balance, bookmark)


def books_closed_at(history: ClientHistory, policy: Policy, at: datetime) -> ClosedBooks:
    """The books as they are to be closed at `at`; a little earlier where changes that count as one are still open."""
    writer = _taken_up_to(at, history, policy)
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


def _taken_up_to(last: datetime, history: ClientHistory, policy: Policy) -> Writer:
    """The ledger up to `last`; the last group is still open."""
    happened = [one for one in happenings(history.members, policy, last) if one.at <= last]
    writer, rest = _opened(history, policy, happened)
    for happening in rest:
        writer.take(happening)
    return writer


def _opened(
    history: ClientHistory, policy: Policy, happened: Sequence[Happening]
) -> tuple[Writer, Sequence[Happening]]:
    """A writer that stands where the history's books are closed, or at the beginning; and what happened after that."""
    home = (member.customer for member in history.members if at_home_first(member))
    writer, closed = Writer(history.client, policy, Positions(home)), history.closed
    if closed is None:
        return writer, happened
    before = bisect_right(happened, closed.at, key=_instant)
    for happening in happened[:before]:
        writer.take(happening)
    writer.open_after(closed)
    return writer, happened[before:]


def _instant(happening: Happening) -> datetime:
    return happening.at
