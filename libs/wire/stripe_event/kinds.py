"""Which object an event type speaks of, what it does to it, and how that ranks within one second."""

from enum import StrEnum
from functools import lru_cache

from libs.domain.version import Rank

SNAPSHOT = "snapshot"


class Kind(StrEnum):
    """Stripe's object types that are published, by their `object` field."""

    SUBSCRIPTION = "subscription"
    CUSTOMER = "customer"
    DISCOUNT = "discount"
    INVOICE = "invoice"
    INVOICE_PAYMENT = "invoice_payment"
    COUPON = "coupon"
    PRICE = "price"
    PLAN = "plan"
    PRODUCT = "product"
    SCHEDULE = "subscription_schedule"
    CHARGE = "charge"
    PAYMENT_INTENT = "payment_intent"
    PAYMENT_METHOD = "payment_method"
    REFUND = "refund"
    DISPUTE = "dispute"
    CREDIT_NOTE = "credit_note"
    FRAUD_WARNING = "radar.early_fraud_warning"
    CARD = "card"


# The longest prefix that fits wins. `invoice.upcoming` is left out: its object has no id and is no invoice yet.
_BY_PREFIX = {
    "customer.subscription": Kind.SUBSCRIPTION,
    "customer.discount": Kind.DISCOUNT,
    "customer.source": Kind.CARD,
    "charge.dispute": Kind.DISPUTE,
    "charge.refund": Kind.REFUND,
    **{kind.value: kind for kind in Kind},
}
_UNPUBLISHED = frozenset({"invoice.upcoming"})
_NOTICES = frozenset(
    {
        "trial_will_end",
        "pending_update_applied",
        "pending_update_expired",
        "expiring",
        "finalized",
        "sent",
        "will_be_due",
        "overdue",
        "finalization_failed",
    }
)


@lru_cache(4096)
def kind_of(event_type: str) -> Kind | None:
    """The kind of object in an event (or snapshot) of this type; None for types that are not published."""
    prefix, _, _ = event_type.rpartition(".")
    return None if event_type in _UNPUBLISHED else _BY_PREFIX.get(prefix)


def is_published(event_type: str) -> bool:
    """Whether ingest publishes events of this type; the others are acknowledged and counted."""
    return kind_of(event_type) is not None


@lru_cache(4096)
def action_of(event_type: str) -> str:
    """What happened: `created`, `updated`, `deleted`, `snapshot` …"""
    return event_type.rpartition(".")[2]


def rank_of(action: str, terminal: bool) -> Rank:
    """How a version ranks among those of the same second; `terminal` where its content can't change any more."""
    if action == SNAPSHOT:
        return Rank.TERMINAL_SNAPSHOT if terminal else Rank.SNAPSHOT
    if terminal or action == "deleted":
        return Rank.TERMINAL
    if action == "created":
        return Rank.CREATE
    return Rank.NOTICE if action in _NOTICES else Rank.UPDATE


def is_terminal(kind: Kind, status: str | None, deleted: bool) -> bool:
    """Whether an object in this state stays as it is for good."""
    if deleted:
        return True
    match kind:
        case Kind.SUBSCRIPTION:
            return status in {"canceled", "incomplete_expired"}
        case Kind.INVOICE:
            return status in {"paid", "void"}
        case _:
            return False
