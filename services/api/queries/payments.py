"""Invoices whose payment failed, and cards that expire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.api.cursors import Position
from services.api.database import Connection

FAILED = """
SELECT invoice, customer, subscription, currency, amount_due, amount_remaining, attempts, next_attempt_at, created_at,
       due_at, told_at
FROM invoices
WHERE project = $1 AND livemode = $2 AND status = 'open' AND attempts > 0
  AND ($3::timestamptz IS NULL OR (told_at, invoice) < ($3::timestamptz, $4::text))
ORDER BY told_at DESC, invoice DESC LIMIT $5
"""
EXPIRING = """
SELECT card, customer, expires_at FROM cards
WHERE project = $1 AND livemode = $2 AND NOT gone AND expires_at IS NOT NULL
  AND expires_at > $3 AND expires_at <= $4
  AND ($5::timestamptz IS NULL OR (expires_at, card) > ($5::timestamptz, $6::text))
ORDER BY expires_at, card LIMIT $7
"""


@dataclass(frozen=True, slots=True)
class FailedInvoice:
    """An open invoice that an attempt to collect has failed of; `told_at` when that was last heard of."""

    invoice: str
    customer: str
    subscription: str | None
    currency: str
    amount_due: int
    amount_remaining: int
    attempts: int
    next_attempt_at: datetime | None
    created_at: datetime
    due_at: datetime | None
    told_at: datetime


@dataclass(frozen=True, slots=True)
class ExpiringCard:
    card: str
    customer: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Which page of a project's list."""

    project: str
    livemode: bool
    after: Position | None
    limit: int

    @property
    def position(self) -> tuple[datetime | None, str | None]:
        if self.after is None:
            return None, None
        return datetime.fromisoformat(self.after.value), self.after.id


async def failed(connection: Connection, page: Page) -> Sequence[FailedInvoice]:
    """Open invoices with a failed attempt, the latest first."""
    rows = await connection.fetch(FAILED, page.project, page.livemode, *page.position, page.limit)
    return [FailedInvoice(**row) for row in rows]


async def expiring(connection: Connection, page: Page, since: datetime, until: datetime) -> Sequence[ExpiringCard]:
    """Cards that expire after `since` and up to `until`, the first first."""
    rows = await connection.fetch(EXPIRING, page.project, page.livemode, since, until, *page.position, page.limit)
    return [ExpiringCard(**row) for row in rows]
