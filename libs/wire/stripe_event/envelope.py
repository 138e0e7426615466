"""A webhook's body, or an event of Stripe's feed, as a checked value. Whatever the bytes, they give that or
MalformedRecord."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn

import orjson

from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event.kinds import Kind, kind_of
from libs.wire.stripe_event.narrowing import Json
from libs.wire.stripe_event.sanitising import MAX_DEPTH, check_depth, is_shallow, is_suspicious, sanitised

MAX_ID = 255
LAST_SECOND = 253402300799  # the year 9999


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One event as Stripe sent it. A thin event (of Stripe's v2 API) carries no object: acknowledge and ignore."""

    id: str
    type: str
    created: datetime
    livemode: bool
    account: str | None = None
    api_version: str | None = None
    customer: str | None = None
    object: Json = field(default_factory=dict)
    previous_attributes: Json | None = None
    is_thin: bool = False

    @property
    def kind(self) -> str:
        """The object's own word for what it is, or what the type says it must be."""
        named = self.object.get("object")
        return named if isinstance(named, str) else str(kind_of(self.type) or "")


def envelope(body: bytes) -> WebhookEvent:
    """The event in a webhook's body. Raises MalformedRecord, and nothing else, whatever the bytes are."""
    return event_of(_parsed(body))


def event_of(value: object) -> WebhookEvent:
    """The event in parsed JSON. Raises MalformedRecord that names the field."""
    event = _hash(value, "the body")
    identifier, kind = _text(event, "id"), _text(event, "type")
    if str(event.get("object", "event")).startswith("v2."):
        return WebhookEvent(identifier, kind, _thin_created(event), _flag(event, "livemode"), is_thin=True)
    data = _hash(event.get("data"), "data")
    item = _hash(data.get("object"), "data.object")
    previous = data.get("previous_attributes")
    return WebhookEvent(
        id=identifier,
        type=kind,
        created=_created(event),
        livemode=_flag(event, "livemode"),
        account=_optional_text(event, "account"),
        api_version=_optional_text(event, "api_version"),
        customer=customer_of(kind_of(kind), item) or _before(kind, previous),
        object=item,
        previous_attributes=None if previous is None else _hash(previous, "data.previous_attributes"),
    )


def _before(kind: str, previous: object) -> str | None:
    """Whose a payment method was before it was detached: then it belongs to nobody."""
    return (
        customer_of(None, previous) if kind_of(kind) is Kind.PAYMENT_METHOD and isinstance(previous, Mapping) else None
    )


def customer_of(kind: Kind | None, item: Json) -> str | None:
    """The id of the customer that an object belongs to (or is); None where it does not say."""
    if kind is Kind.CUSTOMER:
        return _identifier(item)
    for holder in (item, item.get("charge"), item.get("payment_intent"), item.get("invoice")):
        if isinstance(holder, Mapping):
            found = _identifier(holder.get("customer")) or _identifier(holder.get("customer_account"))
            if found is not None:
                return found
    return None


def _identifier(reference: object) -> str | None:
    named = reference.get("id") if isinstance(reference, Mapping) else reference
    return named if isinstance(named, str) and named else None


def _parsed(body: bytes) -> object:
    if not body:
        raise MalformedRecord("the body is empty")
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        value = _second_try(body, str(error))
        return sanitised(value)
    if is_suspicious(body):
        return sanitised(value)
    if not is_shallow(body):
        check_depth(value)
    return value


def _second_try(body: bytes, reason: str) -> object:
    """Lone surrogates are the one thing that orjson refuses and Stripe might send: the slow parser takes them."""
    if "depth limit" in reason or "recursion" in reason.lower():
        raise MalformedRecord(f"nested deeper than {MAX_DEPTH}")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedRecord(f"the body is not UTF-8: {error.reason} at byte {error.start}") from error
    if "\\ud" not in text and "\\uD" not in text:
        raise MalformedRecord(f"the body is not JSON: {reason}")
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise MalformedRecord(f"nested deeper than {MAX_DEPTH}") from error
    except ValueError as error:
        raise MalformedRecord(f"the body is not JSON: {error}") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedRecord(f"the body is not JSON: {name} is no number")


def _hash(value: object, path: str) -> Json:
    if not isinstance(value, dict):
        raise MalformedRecord(f"{path} is {_name_of(value)}, not an object")
    return value


def _text(event: Json, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value or len(value) > MAX_ID:
        raise MalformedRecord(f"{name} is {_name_of(value)}, not a text of 1 to {MAX_ID} characters")
    return value


def _optional_text(event: Json, name: str) -> str | None:
    return None if event.get(name) is None else _text(event, name)


def _flag(event: Json, name: str) -> bool:
    value = event.get(name, False)
    if not isinstance(value, bool):
        raise MalformedRecord(f"{name} is {_name_of(value)}, not true or false")
    return value


def _created(event: Json) -> datetime:
    value = event.get("created")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_SECOND:
        raise MalformedRecord(f"created is {_name_of(value)}, not seconds since 1970")
    return datetime.fromtimestamp(value, UTC)


def _thin_created(event: Json) -> datetime:
    try:
        return datetime.fromisoformat(_text(event, "created")).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedRecord(f"created is no ISO 8601 time: {error}") from error


def _name_of(value: object) -> str:
    names: dict[type, str] = {dict: "an object", list: "an array", str: "a text", bool: "true or false"}
    if value is None:
        return "missing or null"
    return names.get(type(value), "a number")
