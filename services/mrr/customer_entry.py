"""A customer's table entry: what a worker must see of every entry at a glance, then the state.

The head has a fixed place and size, and what connects the customer with its client follows it, so that a million
entries are scanned in seconds after a recovery.
"""

import struct
import zlib
from datetime import UTC, datetime

import msgspec

from libs.domain.customer_state import EMPTY, CustomerState
from libs.domain.identity import EventId
from libs.domain.subscription import Subscription
from libs.runtime.changes_due import NEVER
from libs.wire.codec import MalformedRecord
from libs.wire.records import BelongingSince, CourseStep, MatchedBy

Previous = tuple[tuple[EventId, Subscription], ...]
UNTOLD = 0
_head = struct.Struct(">qIHH")  # next change (seconds), checked, incomplete subscriptions, length of the glance
MOST_COUNTED = 0xFFFF
# Versions of a subscription with thousands of items are packed: the entry must fit a record of the changelog.
LARGE = 1 << 16
PACKED = b"\x78"  # how what zlib packs begins; no body does
_encoder = msgspec.msgpack.Encoder()


class Glance(msgspec.Struct, frozen=True, array_like=True):
    """What connects the customer with a client (see `libs.domain.mapping.Person`), and with which one it is."""

    named: str = ""
    email: str = ""
    domains: tuple[str, ...] = ()
    client: str = ""
    matched_by: MatchedBy = "nothing"
    conflicts: tuple[str, ...] = ()


UNSEEN = Glance()


class CustomerEntry(msgspec.Struct, frozen=True):
    """`offset` is that of the last record folded, `emitted` the fingerprint of the contribution published last.

    `steps` is the course as it was told, `previous` what subscriptions were before the first event that told of them.
    `told` are the clients that hold something of this customer; `pinned` see `libs.domain.belonging`. `next_change` is
    when the clock alone changes the answer. `counted_by` is the fingerprint of the options that the course was counted
    by, `checked` that of all options that it was computed with, UNTOLD while not all that `told` names may have been
    told. `incomplete` counts subscriptions that lack something.
    """

    account: str
    livemode: bool
    state: CustomerState = EMPTY
    offset: int = -1
    emitted: bytes = b""
    steps: tuple[CourseStep, ...] = ()
    known_from: datetime | None = None
    previous: Previous = ()
    belongings: tuple[BelongingSince, ...] = ()
    pinned: datetime | None = None
    told: tuple[str, ...] = ()
    evaluated_at: datetime | None = None
    counted_by: int = 0
    glance: Glance = UNSEEN
    next_change: datetime | None = None
    checked: int = UNTOLD
    incomplete: int = 0


class _Body(msgspec.Struct, frozen=True, array_like=True):
    account: str
    livemode: bool
    state: CustomerState
    offset: int
    emitted: bytes
    steps: tuple[CourseStep, ...]
    known_from: datetime | None
    previous: Previous
    belongings: tuple[BelongingSince, ...]
    pinned: datetime | None
    told: tuple[str, ...]
    evaluated_at: datetime | None
    counted_by: int


_body: msgspec.msgpack.Decoder[_Body] = msgspec.msgpack.Decoder(_Body)
_glance: msgspec.msgpack.Decoder[Glance] = msgspec.msgpack.Decoder(Glance)


def encode_entry(entry: CustomerEntry) -> bytes:
    """Head, glance and body of an entry."""
    change = NEVER if entry.next_change is None else int(entry.next_change.timestamp())
    glance = _encoder.encode(entry.glance)
    head = _head.pack(change, entry.checked, min(entry.incomplete, MOST_COUNTED), len(glance))
    body = _Body(
        entry.account,
        entry.livemode,
        entry.state,
        entry.offset,
        entry.emitted,
        entry.steps,
        entry.known_from,
        entry.previous,
        entry.belongings,
        entry.pinned,
        entry.told,
        entry.evaluated_at,
        entry.counted_by,
    )
    data = _encoder.encode(body)
    return head + glance + (data if len(data) <= LARGE else zlib.compress(data, 1))


def decode_entry(data: bytes) -> CustomerEntry:
    """The entry that `encode_entry` wrote. Raises MalformedRecord: the table was written by another program."""
    try:
        change, checked, incomplete, length = _head.unpack_from(data)
        view = memoryview(data)[_head.size :]
        glance, rest = _glance.decode(view[:length]), view[length:]
        body = _body.decode(zlib.decompress(rest) if rest[:1] == PACKED else rest)
    except (struct.error, zlib.error, msgspec.DecodeError) as error:
        raise MalformedRecord(f"customer entry of {len(data)} bytes: {error}; rebuild the tables") from error
    return CustomerEntry(
        body.account,
        body.livemode,
        body.state,
        body.offset,
        body.emitted,
        body.steps,
        body.known_from,
        body.previous,
        body.belongings,
        body.pinned,
        body.told,
        body.evaluated_at,
        body.counted_by,
        glance,
        _instant(change),
        checked,
        incomplete,
    )


def next_change_of(data: bytes) -> int:
    """Seconds since the epoch at which the clock changes this entry; NEVER where it doesn't."""
    change: int = _head.unpack_from(data)[0]
    return change


def checked_of(data: bytes) -> int:
    """The fingerprint of the options that this entry was computed with."""
    checked: int = _head.unpack_from(data)[1]
    return checked


def incomplete_of(data: bytes) -> int:
    """How many of this customer's subscriptions lack something that their MRR depends on."""
    count: int = _head.unpack_from(data)[2]
    return count


def glance_of(data: bytes) -> Glance:
    """What connects the customer with a client, and with which one it is."""
    length: int = _head.unpack_from(data)[3]
    return _glance.decode(memoryview(data)[_head.size : _head.size + length])


def _instant(seconds: int) -> datetime | None:
    return None if seconds == NEVER else datetime.fromtimestamp(seconds, UTC)
