"""A client's table entry: the invoices in trouble and the customers' contributions behind them."""

from datetime import datetime

import msgspec

from libs.domain.risk import NO_RISK, ClientRisk, InvoicePayment, with_revenue
from libs.wire.codec import MalformedRecord
from libs.wire.contribution_codec import customer_revenue
from libs.wire.records import ContributionChanged


class ClientEntry(msgspec.Struct, frozen=True):
    """`contributions` are kept as records: their exact amounts are text there."""

    livemode: bool = True
    newest: datetime | None = None
    payments: tuple[tuple[InvoicePayment, ...], ...] = ()
    contributions: tuple[ContributionChanged, ...] = ()


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[ClientEntry] = msgspec.msgpack.Decoder(ClientEntry)


def encode_entry(entry: ClientEntry) -> bytes:
    """The entry's bytes; equal entries give equal bytes."""
    return _encoder.encode(entry)


def decode_entry(data: bytes | None) -> ClientEntry:
    """The entry in `data`, an empty one for a new client. Raises MalformedRecord: another program wrote it."""
    if data is None:
        return ClientEntry()
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise MalformedRecord(f"client entry of {len(data)} bytes: {error}; rebuild the table") from error


def risk_of(entry: ClientEntry) -> ClientRisk:
    """The entry as the rules take it."""
    risk = ClientRisk(entry.newest, entry.payments, NO_RISK.revenue)
    for contribution in entry.contributions:
        risk = with_revenue(risk, customer_revenue(contribution))
    return risk
