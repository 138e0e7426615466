"""A client's table entry: when the clock next changes its ledger, then its customers' contributions and its books."""

import struct
import zlib
from datetime import datetime

import msgspec

from libs.domain.ledger import ClosedBooks
from libs.runtime.changes_due import NEVER
from libs.wire.codec import MalformedRecord
from libs.wire.records import ContributionChanged
from libs.wire.state_codec import read_fraction, write_fraction

LARGE = 1 << 16  # a client of thousands of customers is packed: its entry must fit a record of the changelog
_head = struct.Struct(">qq?")  # next change (seconds), version of the settings, whether the rest is packed


class Published(msgspec.Struct, frozen=True, array_like=True):
    """A movement as it was published last: enough to tell whether it reads differently, and to undo it."""

    id: str
    digest: bytes
    occurred_at: datetime


class ClientEntry(msgspec.Struct, frozen=True, array_like=True):
    """`revision` grows with each contribution taken. `contributions` are the customers' latest, of those who left too.

    `published` are the movements after the books were `closed`, `emitted` the fingerprint of the client's last record,
    `settings` the version of the settings that the ledger was written by.
    """

    revision: int = 0
    contributions: tuple[ContributionChanged, ...] = ()
    published: tuple[Published, ...] = ()
    closed: ClosedBooks | None = None
    emitted: bytes = b""
    settings: int = 0


NO_ENTRY = ClientEntry()
_encoder = msgspec.msgpack.Encoder(enc_hook=write_fraction)
_decoder: msgspec.msgpack.Decoder[ClientEntry] = msgspec.msgpack.Decoder(ClientEntry, dec_hook=read_fraction)


def encode_entry(entry: ClientEntry, next_change: datetime | None) -> bytes:
    """Head and body of an entry."""
    change, body = NEVER if next_change is None else int(next_change.timestamp()), _encoder.encode(entry)
    packed = len(body) > LARGE
    return _head.pack(change, entry.settings, packed) + (zlib.compress(body, 1) if packed else body)


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
