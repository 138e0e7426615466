"""A client's table entry: when the clock next changes its ledger, then its customers' contributions and its books."""

import struct
import zlib
from datetime import datetime

import msgspec

from libs.domain.ledger import Bookmark, ClosedBooks
from libs.runtime.changes_due import NEVER
from libs.wire.codec import MalformedRecord
from libs.wire.records import ContributionChanged, CourseStep
from libs.wire.state_codec import read_fraction, write_fraction

LARGE = 1 << 18  # a client of thousands of customers is packed: its entry must fit a record of the changelog
LONG = 1 << 10  # a course of many steps is packed by itself, so that each change packs but the one that it is about
_head = struct.Struct(">qq?")  # next change (seconds), version of the settings, whether the rest is packed


class Published(msgspec.Struct, frozen=True, array_like=True):
    """A movement as it was published last: enough to tell whether it reads differently, and to undo it."""

    id: str
    digest: bytes
    occurred_at: datetime


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A customer's latest contribution without its course, and the course encoded (`packed` where it is long): of most
    customers it is never asked for."""

    told: ContributionChanged
    steps: bytes
    packed: bool = False


class Rules(msgspec.Struct, frozen=True, array_like=True):
    """What a ledger was written by: the version of the project's settings, and `counting` as in ContributionChanged."""

    settings: int = 0
    counting: int = 0


class ClientEntry(msgspec.Struct, frozen=True, array_like=True):
    """`revision` grows with each contribution taken. `contributions` are the customers' latest, of those who left too.

    `published` are the movements after the books were `closed`, `emitted` the fingerprint of the client's last record.
    By the `bookmark` the ledger that was written by `rules` is gone on with.
    """

    revision: int = 0
    contributions: tuple[Kept, ...] = ()
    published: tuple[Published, ...] = ()
    closed: ClosedBooks | None = None
    emitted: bytes = b""
    rules: Rules = Rules()
    bookmark: Bookmark | None = None


NO_ENTRY = ClientEntry()
_steps = msgspec.msgpack.Encoder()
_unpacked: msgspec.msgpack.Decoder[tuple[CourseStep, ...]] = msgspec.msgpack.Decoder(tuple[CourseStep, ...])
_encoder = msgspec.msgpack.Encoder(enc_hook=write_fraction)
_decoder: msgspec.msgpack.Decoder[ClientEntry] = msgspec.msgpack.Decoder(ClientEntry, dec_hook=read_fraction)


def kept(told: ContributionChanged) -> Kept:
    """What an entry keeps of a contribution."""
    steps = _steps.encode(told.steps)
    packed = len(steps) > LONG
    return Kept(msgspec.structs.replace(told, steps=()), zlib.compress(steps, 1) if packed else steps, packed)


def steps_of(one: Kept) -> tuple[CourseStep, ...]:
    """The course of a contribution that is kept."""
    return _unpacked.decode(zlib.decompress(one.steps) if one.packed else one.steps)


def encode_entry(entry: ClientEntry, next_change: datetime | None) -> bytes:
    """Head and body of an entry."""
    change, body = NEVER if next_change is None else int(next_change.timestamp()), _encoder.encode(entry)
    packed = len(body) > LARGE
    return _head.pack(change, entry.rules.settings, packed) + (zlib.compress(body, 1) if packed else body)


def decode_entry(data: bytes) -> ClientEntry:
    """The entry that `encode_entry` wrote. Raises MalformedRecord: the table was written by another program."""
    try:
        packed: bool = _head.unpack_from(data)[2]
        body = memoryview(data)[_head.size :]
        return _decoder.decode(zlib.decompress(body) if packed else body)
    except (struct.error, zlib.error, msgspec.DecodeError) as error:
        raise MalformedRecord(f"client entry of {len(data)} bytes: {error}; rebuild the tables") from error


def next_change_of(data: bytes) -> int:
    """Seconds since the epoch at which a rate changes this client's ledger; NEVER where none does."""
    change: int = _head.unpack_from(data)[0]
    return change


def settings_of(data: bytes) -> int:
    """The version of the settings that the ledger was written by."""
    version: int = _head.unpack_from(data)[1]
    return version
