"""Where a ledger can be gone on with, so that a change need not write it once more from the beginning."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from libs.domain.identity import Currency, CustomerId
from libs.domain.ledger.classification import ClientStanding
from libs.domain.ledger.level import Level
from libs.domain.ledger.turns import Happening, Member, at_home, happenings_of, in_order
from libs.domain.ledger.valuation import Holding
from libs.domain.policy import Policy
from libs.domain.value import value

LEAST_OPEN, MOST_OPEN = timedelta(days=1), timedelta(days=30)


@value(frozen=True, slots=True)
class Position:
    """What a subscription added, by which level, and what it was worth."""

    level: Level
    holding: Holding


@value(frozen=True, slots=True)
class Bookmark:
    """All that the ledger after `at` asks for of the time up to it, and what happened `later`, in order.

    `home` are the customers that were with the client, `paid` those that had paid by then; `currencies` those of which
    there ever was anything, in the order in which they came up. No group of changes reaches across `at`, and no rate
    changes what anything is worth.
    """

    at: datetime
    standing: ClientStanding
    home: tuple[CustomerId, ...]
    paid: tuple[CustomerId, ...]
    currencies: tuple[Currency, ...]
    held: tuple[Position, ...]
    later: tuple[Happening, ...]


def is_plain(happened: Iterable[Happening], policy: Policy) -> bool:
    """Whether no rate of exchange has a part in it: only then a ledger can be gone on with."""
    base = policy.base_currency
    return base is None or all(one.level is None or one.level.currency == base for one in happened)


def place_of_bookmark(last: datetime, policy: Policy) -> datetime:
    """Where a bookmark is best put: so far before what happened `last` that what is still to come lies after it."""
    return last - (MOST_OPEN if policy.late_window is None else max(policy.late_window, LEAST_OPEN))


def with_member(bookmark: Bookmark, member: Member, policy: Policy) -> Bookmark | None:
    """The bookmark where one customer's course after it is another, or where it was not there before.

    None where rates come in by it: then the ledger is to be written from the beginning.
    """
    at, name = bookmark.at, member.customer
    home = {one for one in bookmark.home if one != name} | ({name} if at_home(member, at) else set())
    others = [one for one in bookmark.later if one.customer != name]
    own = [one for one in happenings_of(member) if one.at > at]
    if not is_plain(own, policy):
        return None
    return replace(bookmark, home=tuple(sorted(home)), later=tuple(in_order([*others, *own])))
