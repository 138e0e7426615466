"""To which clients a customer belonged in the course of time, and what moves it from one to another."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from libs.domain.customer import Customer
from libs.domain.customer_state.history import History, in_order
from libs.domain.identity import ClientId
from libs.domain.ledger import Belonging
from libs.domain.mapping import Match
from libs.domain.value import value
from libs.domain.version import Version

SECOND = timedelta(seconds=1)
Matching = Callable[[Customer | None], Match]


@value(frozen=True, slots=True)
class Residence:
    """To whom a customer belonged since when, and by what it belongs to the last one.

    What was told up to `pinned` stays, whatever the directory says now: people moved the customer then.
    """

    belonging: Belonging
    match: Match
    pinned: datetime | None = None

    @property
    def client(self) -> ClientId:
        return self.belonging[-1][1]


@value(frozen=True, slots=True)
class Known:
    """What is known of the customer itself: its versions, up to when they are settled, and the present.

    `learned_at` is from when a change counts that came too late for its own time.
    """

    versions: History[Customer]
    settled: datetime | None
    now: datetime
    learned_at: datetime


def living(versions: History[Customer], now: datetime) -> tuple[Version[Customer], ...]:
    """The versions that tell whose the customer is, oldest first: one that is deleted stays where it was."""
    known = in_order(versions, now).versions if versions else ()
    return tuple(version for version in known if not version.content.deleted) or known


def moved_in(known: Known, match: Matching) -> Residence:
    """The residence of a customer that was not known before: what its versions say, the first from the beginning."""
    versions = living(known.versions, known.now)
    if not versions:
        found = match(None)
        return Residence(((None, found.client),), found)
    matches = [(version.at, match(version.content)) for version in versions]
    return Residence(_merged([(None, matches[0][1].client), *_moves(matches[1:])]), matches[-1][1])


def retold_by_versions(before: Residence, known: Known, match: Matching) -> Residence:
    """The residence once more is known of the customer itself; what is settled or pinned stays."""
    floor = max((at for at in (before.pinned, known.settled) if at is not None), default=None)
    if floor is None:
        return moved_in(known, match)
    versions = living(known.versions, known.now)
    kept = [(since, client) for since, client in before.belonging if since is None or since <= floor]
    later = [(version.at, match(version.content)) for version in versions if version.at > floor]
    told = Residence(_merged([*kept, *_moves(later)]), before.match, before.pinned)
    return moved(told, match(versions[-1].content if versions else None), known.learned_at)


def moved(before: Residence, match: Match, at: datetime) -> Residence:
    """The residence once the customer belongs to the client of `match`, from `at` on if that is another one."""
    if match.client == before.client:
        return Residence(before.belonging, match, before.pinned)
    last = before.belonging[-1][0]
    since = at.replace(microsecond=0)
    if last is not None and since <= last:
        since = last + SECOND
    return Residence((*before.belonging, (since, match.client)), match, since)


def _moves(matches: Iterable[tuple[datetime, Match]]) -> list[tuple[datetime | None, ClientId]]:
    return [(at, match.client) for at, match in matches]


def _merged(moves: Sequence[tuple[datetime | None, ClientId]]) -> Belonging:
    """Each client with since when; of several within one instant the last."""
    latest: dict[datetime | None, ClientId] = dict(moves)
    found: list[tuple[datetime | None, ClientId]] = []
    for since, client in latest.items():
        if not found or found[-1][1] != client:
            found.append((since, client))
    return tuple(found)
