"""Closed books: what a client's ledger was at an instant before which nothing changes any more."""

from datetime import datetime

from libs.domain.identity import ClientId, CustomerId, SubscriptionId
from libs.domain.ledger.classification import ClientStanding
from libs.domain.ledger.turns import Member
from libs.domain.ledger.valuation import Holding
from libs.domain.value import value


@value(frozen=True, slots=True)
class Held:
    """What one subscription added when the books were closed."""

    subscription: SubscriptionId
    holding: Holding


@value(frozen=True, slots=True)
class ClosedBooks:
    """All that the ledger after `at` needs to know of the one up to it. `paid`: the customers that had paid by then."""

    at: datetime
    standing: ClientStanding
    held: tuple[Held, ...] = ()
    paid: tuple[CustomerId, ...] = ()


@value(frozen=True, slots=True)
class ClientHistory:
    """A client's members. With `closed` their levels need reach back no further than to what held then."""

    client: ClientId
    members: tuple[Member, ...]
    closed: ClosedBooks | None = None
