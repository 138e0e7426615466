"""All that happened to a client."""

from typing import Literal

from msgspec import UNSET, UnsetType

from services.api.models.answer import Answer, Instant
from services.api.models.ledger import Movement
from services.api.models.signals import Signal
from services.api.models.subscriptions import Invoice, OfClient


class Happened(Answer, frozen=True):
    """One event, with what it was under the name of its kind (`invoice` for payments)."""

    at: Instant
    kind: Literal["movement", "payment", "payment_failed", "signal"]
    id: str
    movement: Movement | UnsetType = UNSET
    signal: Signal | UnsetType = UNSET
    invoice: Invoice | UnsetType | None = UNSET


class Timeline(OfClient, frozen=True):
    """Movements, payments and signals in one order, the newest first."""

    data: list[Happened]
