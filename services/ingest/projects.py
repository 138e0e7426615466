"""What ingest knows of a project: its signing secrets and its connected accounts."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from libs.wire.stripe_event import Kept

UNCONNECTED = "self"
NOTHING_MORE = Kept()
LIVE_STATES = frozenset({"active", "error"})  # an error of the key does not make webhooks less true


class StoreUnavailable(ConnectionError):
    """It can't be told now whether the project exists."""


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """A Stripe account of a project in one mode. `is_live` is False once it was disconnected or revoked."""

    account: str
    livemode: bool
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class Project:
    """`unreadable` counts signing secrets that are stored but don't decrypt. `kept` is what it lets through beyond the
    fixed list of fields."""

    id: str
    secrets: tuple[bytes, ...] = ()
    accounts: tuple[ConnectedAccount, ...] = ()
    unreadable: int = 0
    kept: Kept = NOTHING_MORE


class Projects(Protocol):
    """Where a webhook finds its project."""

    def known(self, project: str) -> Project | None:
        """The project if it is at hand."""
        ...

    async def find(self, project: str) -> Project | None:
        """The project, or None if there is none. Raises StoreUnavailable."""
        ...


class Ignored(StrEnum):
    """Why a signed event is acknowledged and not published."""

    TYPE = "type"
    THIN = "thin"
    FOREIGN_ACCOUNT = "foreign_account"
    WRONG_MODE = "wrong_mode"
    DISCONNECTED = "disconnected"
    DEAUTHORIZED = "deauthorized"  # news about our access, not about the account's customers
    DUPLICATE = "duplicate"


def account_of(project: Project, named: str | None, livemode: bool) -> str | Ignored:
    """The account that an event belongs to, or why it does not belong to the project.

    `named` is the event's own `account`, which only Connect endpoints send. A project without any connection takes
    everything: secrets can be set first. Where no account is named and not just one could be meant, the account is
    `self`; nothing but labels and the keys of records without a customer depends on it.
    """
    if not project.accounts:
        return named or UNCONNECTED
    mine = [each for each in project.accounts if named is None or each.account == named]
    if not mine:
        return Ignored.FOREIGN_ACCOUNT
    same_mode = [each for each in mine if each.livemode == livemode]
    if not same_mode:
        return Ignored.WRONG_MODE
    live = [each for each in same_mode if each.is_live]
    if not live:
        return Ignored.DISCONNECTED
    return live[0].account if len(live) == 1 else UNCONNECTED
