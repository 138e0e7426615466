"""A client's table entry: a head that is seen at a glance after a recovery, then what its signals follow from.

The head has a fixed place and size: when the clock alone changes a signal, and the settings it was computed with.
"""

import struct
from dataclasses import dataclass
from datetime import datetime

import msgspec

from libs.domain.identity import ClientId, CustomerId
from libs.domain.risk import NO_RISK, ClientRisk, Signal
from libs.runtime.changes_due import NEVER
from libs.wire.codec import MalformedRecord
from libs.wire.state_codec import read_fraction, write_fraction

_head = struct.Struct(">qi")  # next change (seconds), settings version


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """`told` are the signals as they were published last; `health` is a fingerprint of the health told last.
    `departed` are customers that belong to another client now, each with that client."""

    livemode: bool = True
    risk: ClientRisk = NO_RISK
    told: tuple[Signal, ...] = ()
    health: bytes = b""
    departed: tuple[tuple[CustomerId, ClientId], ...] = ()


NO_ENTRY = ClientEntry()
_encoder = msgspec.msgpack.Encoder(enc_hook=write_fraction)
_decoder: msgspec.msgpack.Decoder[ClientEntry] = msgspec.msgpack.Decoder(ClientEntry, dec_hook=read_fraction)


def encode_entry(entry: ClientEntry, next_change: datetime | None, settings: int) -> bytes:
    """Head and body; equal entries give equal bytes."""
    change = NEVER if next_change is None else -int(-next_change.timestamp() // 1)
    return _head.pack(change, settings) + _encoder.encode(entry)


def decode_entry(data: bytes | None) -> ClientEntry:
    """The entry in `data`, an empty one for a new client. Raises MalformedRecord: another program wrote it."""
    if data is None:
        return NO_ENTRY
    try:
        return _decoder.decode(memoryview(data)[_head.size :])
    except msgspec.DecodeError as error:
        raise MalformedRecord(f"client entry of {len(data)} bytes: {error}; rebuild the table") from error


def next_change_of(data: bytes) -> int:
    """Seconds since the epoch at which the clock changes this entry; NEVER where it doesn't."""
    change: int = _head.unpack_from(data)[0]
    return change


def settings_of(data: bytes) -> int:
    """The version of the settings that this entry was computed with."""
    version: int = _head.unpack_from(data)[1]
    return version
