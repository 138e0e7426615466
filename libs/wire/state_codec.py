"""State to bytes and back: what the tables and their changelogs hold. Equal states give equal bytes."""

from fractions import Fraction
from typing import TypeVar

import msgspec

from libs.domain.client_state import ClientState
from libs.domain.customer_state import CustomerState
from libs.domain.risk import ClientRisk
from libs.wire.codec import MalformedRecord
from libs.wire.contribution_codec import exact_amount, exact_text

State = TypeVar("State")


def write_fraction(value: object) -> str:
    """What MessagePack has no type for: an exact fraction, as text."""
    if isinstance(value, Fraction):
        return exact_text(value)
    raise NotImplementedError(f"no state holds a {type(value).__name__}")


def read_fraction(kind: type, value: object) -> Fraction:
    """The fraction that `write_fraction` wrote."""
    if kind is Fraction and isinstance(value, str):
        return exact_amount(value)
    raise NotImplementedError(f"no state holds a {kind.__name__}")


_encoder = msgspec.msgpack.Encoder(enc_hook=write_fraction)
_customer: msgspec.msgpack.Decoder[CustomerState] = msgspec.msgpack.Decoder(CustomerState)
_client: msgspec.msgpack.Decoder[ClientState] = msgspec.msgpack.Decoder(ClientState, dec_hook=read_fraction)

_json = msgspec.json.Encoder(enc_hook=write_fraction)
_facts: msgspec.json.Decoder[ClientRisk] = msgspec.json.Decoder(ClientRisk, dec_hook=read_fraction)
_risk: msgspec.msgpack.Decoder[ClientRisk] = msgspec.msgpack.Decoder(ClientRisk, dec_hook=read_fraction)


def encode_customer(state: CustomerState) -> bytes:
    """A customer's state as MessagePack. Sets and mappings have no place in it, so the bytes follow from the value."""
    return _encoder.encode(state)


def decode_customer(data: bytes) -> CustomerState:
    """The state that `encode_customer` wrote. Raises MalformedRecord when the bytes are not one."""
    return _decoded(_customer, data, "customer")


def encode_client(state: ClientState) -> bytes:
    """A client's state as MessagePack."""
    return _encoder.encode(state)


def decode_client(data: bytes) -> ClientState:
    """The state that `encode_client` wrote. Raises MalformedRecord when the bytes are not one."""
    return _decoded(_client, data, "client")


def encode_risk(risk: ClientRisk) -> bytes:
    """A client's risk as MessagePack."""
    return _encoder.encode(risk)


def decode_risk(data: bytes) -> ClientRisk:
    """The risk that `encode_risk` wrote. Raises MalformedRecord when the bytes are not one."""
    return _decoded(_risk, data, "client's risk")


def encode_facts(risk: ClientRisk) -> msgspec.Raw:
    """What happened to a customer, as JSON that travels within a record."""
    return msgspec.Raw(_json.encode(risk))


def decode_facts(data: msgspec.Raw) -> ClientRisk:
    """What `encode_facts` wrote. Raises MalformedRecord when the JSON is not it."""
    try:
        return _facts.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRecord(f"what happened to a customer: {error}") from error


def _decoded(decoder: msgspec.msgpack.Decoder[State], data: bytes, what: str) -> State:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRecord(f"state of a {what}: {error}; drop the table, the topic rebuilds it") from error
