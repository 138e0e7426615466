"""Records of the topics with a default for everything. By default: project `acme`, one client with 10.00 USD."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import Any

import msgspec

from libs.domain.ledger import Movement
from libs.domain.money import shown
from libs.domain.policy import DEFAULT
from libs.wire import movement_codec
from libs.wire.codec import encode
from libs.wire.movement_codec import Books
from libs.wire.records import (
    ClientMember,
    ClientRecord,
    IncompleteSubscription,
    MovementRecord,
    Record,
    Revision,
    SignalRecord,
    StripeRecord,
    SubscriptionContribution,
    VersionMark,
)
from libs.wire.topics import CHURN_SIGNALS, REVENUE_CLIENTS, REVENUE_MOVEMENTS, STRIPE_EVENTS
from services.api.read_model.projection import Delivered

PROJECT = "acme"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

_offsets: Iterator[int] = count()


def delivered(record: Record | bytes | None, topic: str, key: bytes = b"acme/x") -> Delivered:
    """The record as Kafka would give it, at the next offset."""
    value = encode(record) if isinstance(record, Record) else record
    return Delivered(topic, 0, next(_offsets), 1_700_000_000_000, key, value)


def client_delivery(record: ClientRecord) -> Delivered:
    return delivered(record, REVENUE_CLIENTS.name)


def event_delivery(record: StripeRecord) -> Delivered:
    return delivered(record, STRIPE_EVENTS.name)


def signal_delivery(record: SignalRecord) -> Delivered:
    return delivered(record, CHURN_SIGNALS.name)


def client_record(
    client: str = "customer:cus_1",
    *,
    project: str = PROJECT,
    exact: dict[str, str] | None = None,
    revision: int = 1,
    livemode: bool = True,
    status: str = "active",
    customers: Sequence[str] = ("cus_1",),
    incomplete: Sequence[tuple[str, str]] = (),
) -> ClientRecord:
    """`exact` are monthly minor units by currency, all of them the first customer's."""
    amounts = {"usd": "1000"} if exact is None else exact
    return ClientRecord(
        project=project,
        client=client,
        livemode=livemode,
        status=status,  # type: ignore[arg-type]  # one of the literal words
        mrr_by_currency={currency: shown(Fraction(amount), currency) for currency, amount in amounts.items()},
        exact_by_currency=amounts,
        active_subscriptions=len(amounts),
        active_subscribers=1 if any(Fraction(amount) > 0 for amount in amounts.values()) else 0,
        customers=tuple(customers),
        subscriptions=tuple(f"sub_{customer}" for customer in customers),
        contributions={customer: _shares(customer, amounts) for customer in customers[:1]},
        as_of=NOW,
        revision=revision,
        incomplete=tuple(IncompleteSubscription(*each) for each in incomplete),
        members=tuple(member(customer, offset=revision) for customer in customers),
    )


def member(customer: str, *, offset: int = 1, **fields: Any) -> ClientMember:
    """A client's customer; the offset says which of two records that name it is the later one."""
    return ClientMember(customer=customer, account="acct_1", revision=Revision(1, offset, 0, NOW), **fields)


def _shares(customer: str, amounts: dict[str, str]) -> tuple[SubscriptionContribution, ...]:
    """All that the client pays, as this customer's subscriptions: one in each currency."""
    return tuple(
        SubscriptionContribution(
            subscription=f"sub_{customer}_{currency}",
            status="active",
            currency=currency,
            exact=exact,
            counted=True,
            rule="counted",
        )
        for currency, exact in amounts.items()
    )


def stripe_record(
    kind: str = "customer.created",
    content: dict[str, object] | None = None,
    *,
    project: str = PROJECT,
    customer: str = "cus_1",
    event_id: str | None = "evt_1",
    at: datetime = NOW,
    rank: int = 1,
    livemode: bool = True,
    source: str = "webhook",
) -> StripeRecord:
    body = {"object": "customer", "id": customer} if content is None else content
    return StripeRecord(
        project=project,
        account="acct_1",
        livemode=livemode,
        source=source,  # type: ignore[arg-type]  # one of the literal words
        type=kind,
        version=VersionMark(at, rank),
        object=msgspec.Raw(msgspec.json.encode(body)),
        event_id=event_id,
        customer=customer,
    )


def failed_invoice(attempt: int = 1, invoice: str = "in_1", customer: str = "cus_1") -> dict[str, object]:
    return {
        "object": "invoice",
        "id": invoice,
        "customer": customer,
        "status": "open",
        "currency": "usd",
        "amount_due": 1000,
        "attempt_count": attempt,
        "attempted": True,
    }


def signal_record(
    id: str = "sig_1",  # noqa: A002
    *,
    project: str = PROJECT,
    client: str = "customer:cus_1",
    status: str = "open",
    minutes: int = 0,
    livemode: bool = True,
) -> SignalRecord:
    """A failed payment, as it stood some minutes after it was opened."""
    return SignalRecord(
        id=id,
        project=project,
        client=client,
        customer="cus_1",
        rule="payment_failed",
        severity="high",
        status=status,  # type: ignore[arg-type]  # one of the literal words
        opened_at=NOW,
        updated_at=NOW + timedelta(minutes=minutes),
        message="Payment of 10.00 usd failed",
        livemode=livemode,
        mrr_at_risk={"usd": "10.00"},
    )


def movement_record(movement: Movement, *, project: str = PROJECT, settings: int = 0) -> MovementRecord:
    """The record of an entry of the ledger."""
    books = Books(project, movement.client, True, settings, DEFAULT)
    return movement_codec.movement_record(movement, books, revision=1)


def undone(record: MovementRecord) -> MovementRecord:
    """The record that takes an entry back."""
    return MovementRecord(
        id=record.id,
        project=record.project,
        client=record.client,
        livemode=record.livemode,
        settings=record.settings,
        occurred_at=record.occurred_at,
        revision=record.revision,
        deleted=True,
    )


def movement_delivery(record: MovementRecord) -> Delivered:
    return delivered(record, REVENUE_MOVEMENTS.name)
