"""A customer's record without what it says of a person: of all that is kept, the e-mail."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from libs.domain.version import Rank
from libs.wire.codec import MalformedRecord
from libs.wire.records import NULL, StripeRecord, VersionMark
from libs.wire.stripe_event.kinds import SNAPSHOT, Kind, kind_of

EMAIL = "email"
Content = dict[str, msgspec.Raw]
_content = msgspec.json.Decoder(Content | None)


def emails_in(record: StripeRecord) -> Iterator[str]:
    """The e-mails that the record names: the customer's own, and the one before."""
    for raw in (record.object, record.previous_attributes):
        text = msgspec.json.decode((_read(raw) or {}).get(EMAIL, NULL))
        if isinstance(text, str) and text:
            yield text


def without_email(record: StripeRecord) -> StripeRecord:
    """The record as it would be of a customer without an e-mail; the same where it names none."""
    if kind_of(record.type) is not Kind.CUSTOMER or not any(emails_in(record)):
        return record
    content, before = _read(record.object) or {}, _read(record.previous_attributes)
    if before is not None:
        before.pop(EMAIL, None)
    return msgspec.structs.replace(
        record,
        object=msgspec.Raw(msgspec.json.encode(content | {EMAIL: NULL})),
        previous_attributes=NULL if before is None else msgspec.Raw(msgspec.json.encode(before)),
    )


def erasure(record: StripeRecord, at: datetime) -> StripeRecord:
    """A newer version of the customer in the record, without its e-mail: whoever folds it forgets the e-mail."""
    bare = without_email(record)
    return msgspec.structs.replace(
        bare,
        source="snapshot",
        type=f"{Kind.CUSTOMER}.{SNAPSHOT}",
        version=VersionMark(at, Rank.SNAPSHOT),
        event_id=None,
        previous_attributes=NULL,
    )


def _read(raw: msgspec.Raw) -> Content | None:
    try:
        return _content.decode(raw) if bytes(raw) else None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRecord(f"a customer's object: {error}") from error
