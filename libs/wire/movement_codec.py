"""Movements as records of `revenue.movements`."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from hashlib import blake2b
from typing import Literal

import msgspec

from libs.domain.identity import ClientId
from libs.domain.ledger import Movement, Reason
from libs.domain.money import major_text, shown
from libs.domain.policy import Policy
from libs.wire.contribution_codec import exact_text
from libs.wire.records import MovementRecord

DIGEST_BYTES = 8
OWN_CLIENT, TEST_MODE = "customer:", "?mode=test"
_digested = msgspec.msgpack.Encoder(enc_hook=str)


@dataclass(frozen=True, slots=True)
class Books:
    """Whose ledger it is, and by which settings it is written; `counting` as in ContributionChanged."""

    project: str
    client: str
    livemode: bool
    settings: int
    policy: Policy
    counting: int = 0


def ledger_name(client: str, livemode: bool) -> ClientId:
    """The name that a client's ledger, its records' key and its entries' ids go by.

    A client of the directory may have customers in live and in test mode. They never share a ledger or a record: those
    of test mode go by a name of their own. A client that is a customer has one mode and needs none.
    """
    return ClientId(client if livemode or client.startswith(OWN_CLIENT) else f"{client}{TEST_MODE}")


def client_of_name(name: str) -> ClientId:
    """The client whose ledger goes by this name."""
    return ClientId(name.removesuffix(TEST_MODE))


def mode_of_name(name: str) -> bool | None:
    """Whether the ledger that goes by this name is of live mode; None for a client that is a customer: it has one."""
    return None if name.startswith(OWN_CLIENT) else not name.endswith(TEST_MODE)


def digest(movement: Movement, books: Books) -> bytes:
    """Equal for movements that say the same, counted by the same options."""
    told = books.counting, books.policy.base_currency, movement
    return blake2b(_digested.encode(told), digest_size=DIGEST_BYTES).digest()


def movement_record(movement: Movement, books: Books, revision: int) -> MovementRecord:
    """The record of a movement. What it shows adds up: the amount is what the rounded balance grows by."""
    code, why = movement.currency, movement.cancellation
    amount = major_text(movement.shown, code)
    return MovementRecord(
        id=movement.id,
        project=books.project,
        client=books.client,
        livemode=books.livemode,
        settings=books.settings,
        occurred_at=movement.occurred_at,
        kind=movement.kind.value,
        currency=code,
        amount=amount,
        before=shown(movement.before, code),
        after=shown(movement.after, code),
        exact=exact_text(movement.amount),
        exact_before=exact_text(movement.before),
        exact_after=exact_text(movement.after),
        base_amount=amount if code == books.policy.base_currency else None,
        own={one.currency: exact_text(one.amount) for one in movement.own},
        customer=movement.customer,
        subscription=movement.subscription,
        reason=movement.reason.value,
        plan_change=plan_change(movement),
        cancellation_reason=None if why is None else why.reason,
        cancellation_feedback=None if why is None else why.feedback,
        estimated=movement.estimated,
        caused_by=movement.caused_by,
        recorded_at=movement.recorded_at,
        revision=revision,
    )


def undone(name: str, occurred_at: datetime, books: Books, revision: int) -> MovementRecord:
    """The record that says that a movement never happened."""
    return MovementRecord(
        id=name,
        project=books.project,
        client=books.client,
        livemode=books.livemode,
        settings=books.settings,
        occurred_at=occurred_at,
        deleted=True,
        revision=revision,
    )


def plan_change(movement: Movement) -> Literal["upgrade", "downgrade"] | None:
    """Whether another plan made it, and which way."""
    if movement.reason is not Reason.PLAN_CHANGE:
        return None
    return "upgrade" if movement.amount > Fraction(0) else "downgrade"
