"""Events and snapshots as records of `stripe.events`, with their keys and headers."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
import orjson

from libs.wire.codec import record_key
from libs.wire.headers import Headers, cloud_event
from libs.wire.records import NULL, Source, StripeRecord, VersionMark
from libs.wire.stripe_event.allow_list import DEFAULT, Kept, allowed
from libs.wire.stripe_event.catalogue import Catalogue
from libs.wire.stripe_event.completion import complete
from libs.wire.stripe_event.envelope import WebhookEvent, customer_of
from libs.wire.stripe_event.kinds import SNAPSHOT, Kind, action_of, is_terminal, kind_of, rank_of
from libs.wire.stripe_event.narrowing import Json
from libs.wire.stripe_event.sanitising import sanitised

OF_CHARGE = frozenset({Kind.REFUND, Kind.DISPUTE, Kind.FRAUD_WARNING})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record comes from. `account` is the connected account, used where an event names none of its own."""

    project: str
    account: str
    livemode: bool = False
    source: Source = "webhook"
    kept: Kept = DEFAULT


def to_record(event: WebhookEvent, origin: Origin, catalogue: Catalogue) -> StripeRecord:
    """The record of an event: cut to the allow-list, completed from the catalogue, with its place in the order.

    Raises MalformedRecord for a number beyond 64 bits or endless nesting.
    """
    kind = kind_of(event.type)
    content = allowed(kind, event.object, origin.kept)
    completion = complete({"object": kind, **content} if kind else content, catalogue)
    previous = event.previous_attributes
    return StripeRecord(
        project=origin.project,
        account=event.account or origin.account,
        livemode=event.livemode,
        source=origin.source,
        type=event.type,
        version=VersionMark(event.created, _rank(kind, action_of(event.type), content)),
        object=raw_json(completion.object),
        event_id=event.id,
        previous_attributes=NULL if previous is None else raw_json(allowed(kind, previous, origin.kept)),
        api_version=event.api_version,
        customer=event.customer,
        incomplete=completion.incomplete + completion.unverified + _whose(kind, event.customer),
    )


def snapshot_record(item: Json, at: datetime, origin: Origin, catalogue: Catalogue) -> StripeRecord:
    """The record of an object as Stripe's API showed it at `at` (Stripe's clock). Its `object` field says its kind.

    Raises MalformedRecord for a number beyond 64 bits.
    """
    event_type = f"{item.get('object')}.{SNAPSHOT}"
    kind = kind_of(event_type)
    content = allowed(kind, item, origin.kept)
    completion = complete(content, catalogue)
    livemode = item.get("livemode")
    return StripeRecord(
        project=origin.project,
        account=origin.account,
        livemode=livemode if isinstance(livemode, bool) else origin.livemode,
        source="snapshot",
        type=event_type,
        version=VersionMark(at, _rank(kind, SNAPSHOT, content)),
        object=raw_json(completion.object),
        customer=customer_of(kind, item),
        incomplete=completion.incomplete + completion.unverified,
    )


def key_of(record: StripeRecord) -> bytes:
    """All records of one customer share a key; what belongs to no customer has its account's."""
    return record_key(record.project, record.customer or record.account)


def headers_of(record: StripeRecord) -> Headers:
    """The CloudEvents headers of a record; a snapshot's id is made of what it shows and when."""
    subject = record.customer or record.account
    shown_at = int(record.version.created.timestamp())
    return cloud_event(
        event_id=record.event_id or f"{record.type}:{_id_in(record)}:{shown_at}",
        event_type=record.type,
        source=f"stripe/{record.account}",
        time=record.version.created,
        subject=f"{record.project}/{subject}",
    )


class _Identified(msgspec.Struct):
    id: str | None = None


def _id_in(record: StripeRecord) -> str:
    return msgspec.json.decode(record.object, type=_Identified).id or "-"


def _whose(kind: Kind | None, customer: str | None) -> tuple[str, ...]:
    """What belongs to a charge is shown with its customer only where the charge is expanded, never in events."""
    return ("customer",) if customer is None and kind in OF_CHARGE else ()


def _rank(kind: Kind | None, action: str, content: Json) -> int:
    status = content.get("status")
    deleted = action == "deleted" or content.get("deleted") is True
    return rank_of(action, kind is not None and is_terminal(kind, status if isinstance(status, str) else None, deleted))


def raw_json(content: Json) -> msgspec.Raw:
    """The content as JSON, made safe where it holds what is legal JSON and still poison further on."""
    try:
        data = orjson.dumps(content)
    except TypeError:  # lone surrogates, numbers beyond 64 bits
        data = orjson.dumps(sanitised(content))
    if b"\\u0000" in data:
        data = orjson.dumps(sanitised(content))
    return msgspec.Raw(data)
