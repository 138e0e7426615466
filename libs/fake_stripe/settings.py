"""How the merchant has set up the account."""

from dataclasses import dataclass
from typing import Literal

CURRENT_VERSION = "2026-10-28.endive"


# What a revenue system needs to hear: all that changes an object it keeps, without payment noise.
STATE_EVENTS = (
    "customer.*",
    "price.*",
    "coupon.*",
    "invoice.paid",
    "invoice.payment_failed",
)


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The account, its mode, and what happens when payments fail."""

    account: str = "acct_1FakeStripeAccount"
    api_version: str = CURRENT_VERSION
    livemode: bool = False
    # Events of a Connect endpoint name the connected account.
    connect: bool = False
    retry_days: tuple[int, ...] = (3, 5, 7)
    after_last_retry: Literal["cancel", "unpaid", "past_due", "pause"] = "cancel"
    # Stripe leaves a renewal invoice in draft for about an hour.
    draft_seconds: int = 3600
    # So many days before a renewal its invoice is told of (`invoice.upcoming`); None: it never is.
    upcoming_days: int | None = None
    # Which types come about at all, as patterns; None is all of them.
    event_types: tuple[str, ...] | None = None
