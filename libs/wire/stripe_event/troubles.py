"""Payment methods, disputes, fraud warnings and declines, read from records that revenue does not depend on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

import msgspec

from libs.wire.activity import (
    DeclineActivity,
    DisputeActivity,
    FraudWarningActivity,
    PaymentMethodActivity,
    Troubling,
)
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord, VersionMark
from libs.wire.stripe_event.kinds import Kind, action_of, kind_of
from libs.wire.stripe_event.narrowing import id_of, instant, shaped
from libs.wire.stripe_event.risk_shapes import (
    CardShape,
    ChargeShape,
    DisputeShape,
    IntentShape,
    MethodShape,
    WarningShape,
)

_method = msgspec.json.Decoder(MethodShape)
_dispute = msgspec.json.Decoder(DisputeShape)
_warning = msgspec.json.Decoder(WarningShape)
_charge = msgspec.json.Decoder(ChargeShape)
_intent = msgspec.json.Decoder(IntentShape)

GONE = frozenset({"detached", "deleted"})


class Named(TypedDict):
    """What every record of `client.activity` about risk begins with."""

    id: str
    project: str
    client: str
    customer: str
    account: str
    livemode: bool
    occurred_at: datetime
    version: VersionMark
    caused_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The record, and which version of its object it tells of."""

    record: StripeRecord
    version: VersionMark

    def named(self, subject: str, *marks: bytes | str) -> Named:
        """The common fields. `marks` tell apart what several versions of one second and rank show."""
        record = self.record
        if record.customer is None:
            raise MalformedRecord(f"{record.type} in project {record.project} belongs to no customer")
        parts = [subject, str(int(self.version.created.timestamp())), str(int(self.version.rank))]
        parts += [mark.hex() if isinstance(mark, bytes) else mark for mark in marks if mark]
        return Named(
            id=":".join(parts),
            project=record.project,
            client="",
            customer=record.customer,
            account=record.account,
            livemode=record.livemode,
            occurred_at=self.version.created,
            version=self.version,
            caused_by=() if record.event_id is None else (record.event_id,),
        )


def troubles(record: StripeRecord) -> Iterator[Troubling]:
    """What `record` tells beyond revenue and invoices. Raises MalformedRecord."""
    place = Place(record, record.version)
    match kind_of(record.type):
        case Kind.PAYMENT_METHOD | Kind.CARD:
            yield _payment_method(place)
        case Kind.DISPUTE:
            yield _disputed(place)
        case Kind.FRAUD_WARNING:
            yield _warned(place)
        case Kind.CHARGE if action_of(record.type) == "failed":
            yield from _declined(place)
        case Kind.PAYMENT_INTENT if action_of(record.type) == "payment_failed":
            yield from _not_paid(place)


def _payment_method(place: Place) -> PaymentMethodActivity:
    it = shaped(_method, place.record.object)
    card = it.card or CardShape(it.exp_month, it.exp_year)
    known = card.exp_month is not None and card.exp_year is not None
    expires = f"{card.exp_year:04d}-{card.exp_month:02d}" if known else None
    return PaymentMethodActivity(
        **place.named(it.id, expires or ""),
        payment_method=it.id,
        expires=expires,
        detached=action_of(place.record.type) in GONE,
    )


def _disputed(place: Place) -> DisputeActivity:
    it = shaped(_dispute, place.record.object)
    details = it.evidence_details
    return DisputeActivity(
        **place.named(it.id, it.status),
        dispute=it.id,
        status=it.status,
        currency=it.currency.lower(),
        amount=it.amount,
        opened_at=instant(it.created) or place.version.created,
        reason=it.reason,
        due_by=None if details is None else instant(details.due_by),
    )


def _warned(place: Place) -> FraudWarningActivity:
    it = shaped(_warning, place.record.object)
    return FraudWarningActivity(
        **place.named(it.id, "actionable" if it.actionable else "settled"),
        warning=it.id,
        fraud_type=it.fraud_type,
        actionable=it.actionable,
        opened_at=instant(it.created) or place.version.created,
    )


def _declined(place: Place) -> Iterator[DeclineActivity]:
    it = shaped(_charge, place.record.object)
    why = None if it.outcome is None else it.outcome.reason
    code = why or it.failure_code
    if code is not None:
        yield DeclineActivity(
            **place.named(it.id),
            charge=it.id,
            currency=it.currency.lower(),
            amount=it.amount,
            code=code,
            advice=None if it.outcome is None else it.outcome.advice_code,
            invoice=id_of(it.invoice),
        )


def _not_paid(place: Place) -> Iterator[DeclineActivity]:
    it = shaped(_intent, place.record.object)
    error = it.last_payment_error
    code = None if error is None else error.decline_code or error.code
    if error is not None and code is not None:
        yield DeclineActivity(
            **place.named(it.id),
            charge=it.id,
            currency=it.currency.lower(),
            amount=it.amount,
            code=code,
            advice=error.advice_code,
            invoice=id_of(it.invoice),
        )
