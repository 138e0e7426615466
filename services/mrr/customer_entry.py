"""A customer's table entry: what a worker must see of every entry at a glance, then the state.

The head has a fixed place and size, so that a million entries are scanned in a second after a recovery.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from libs.domain.customer_state import EMPTY, CustomerState
from libs.wire.codec import MalformedRecord

NEVER = 2**62
_head = struct.Struct(">qiH")  # next change (seconds), settings version, incomplete subscriptions
MOST_COUNTED = 0xFFFF
_encoder = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class CustomerEntry:
    """`offset` is that of the last record folded, `emitted` the fingerprint of the contribution published last.

    `next_change` is when the clock alone changes the answer, `settings` the version that it was computed with,
    `incomplete` how many subscriptions lack something.
    """

    account: str
    livemode: bool
    state: CustomerState = EMPTY
    offset: int = -1
    emitted: bytes = b""
    next_change: datetime | None = None
    settings: int = 0
    incomplete: int = 0


_decoder: msgspec.msgpack.Decoder[CustomerEntry] = msgspec.msgpack.Decoder(CustomerEntry)


def encode_entry(entry: CustomerEntry) -> bytes:
    """Head and body of an entry."""
    change = NEVER if entry.next_change is None else int(entry.next_change.timestamp())
    head = _head.pack(change, entry.settings, min(entry.incomplete, MOST_COUNTED))
    body = CustomerEntry(entry.account, entry.livemode, entry.state, entry.offset, entry.emitted)
    return head + _encoder.encode(body)


def decode_entry(data: bytes) -> CustomerEntry:
    """The entry that `encode_entry` wrote. Raises MalformedRecord: the table was written by another program."""
    try:
        change, settings, incomplete = _head.unpack_from(data)
        body = _decoder.decode(memoryview(data)[_head.size :])
    except (struct.error, msgspec.DecodeError) as error:
        raise MalformedRecord(f"customer entry of {len(data)} bytes: {error}; rebuild the tables") from error
    known = body.account, body.livemode, body.state, body.offset, body.emitted
    return CustomerEntry(*known, _instant(change), settings, incomplete)


def next_change_of(data: bytes) -> int:
    """Seconds since the epoch at which the clock changes this entry; NEVER where it doesn't."""
    change: int = _head.unpack_from(data)[0]
    return change


def settings_of(data: bytes) -> int:
    """The version of the settings that this entry was computed with."""
    version: int = _head.unpack_from(data)[1]
    return version


def incomplete_of(data: bytes) -> int:
    """How many of this customer's subscriptions lack something that their MRR depends on."""
    count: int = _head.unpack_from(data)[2]
    return count


def _instant(seconds: int) -> datetime | None:
    return None if seconds == NEVER else datetime.fromtimestamp(seconds, UTC)
