"""What a delivery says: the change itself, or one readable line for Slack."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from services.api.stream.log import Change

MARKS = {"low": "🔵", "medium": "🟡", "high": "🟠", "critical": "🔴"}
WORDS = {"open": "opened", "acknowledged": "acknowledged", "snoozed": "snoozed", "resolved": "resolved"}


def standard_body(change: Change) -> bytes:
    """`{id, type, timestamp, data}`: `id` and `type` are those of the record on `churn.signals`."""
    return _standard(change.change_id, type_of(change), change.occurred_at, msgspec.Raw(change.content))


def type_of(change: Change) -> str:
    """What kind of message it is."""
    return f"churn.signal.{change.status}" if change.kind == "signal" else f"revstream.{change.kind}"


def slack_body(change: Change) -> bytes:
    """A message for an incoming webhook of Slack."""
    content: Mapping[str, object] = msgspec.json.decode(change.content)
    return slack_text(signal_text(change, content) if change.kind == "signal" else str(content.get("message", "")))


def signal_text(change: Change, content: Mapping[str, object]) -> str:
    """One line: how bad, who, what, how much is at stake."""
    mark = "✅" if change.status == "resolved" else MARKS.get(change.severity, "")
    stake = _stake(content.get("mrr_at_risk"))
    word = WORDS.get(change.status, change.status)
    resolution = content.get("resolution")
    why = f" ({resolution})" if resolution else ""
    return f"{mark} {change.client}: {change.rule} {word}{why} – {content.get('message', '')}{stake}"


def slack_text(text: str) -> bytes:
    """Escaped as Slack asks: what people typed can't become a link or a mention."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return msgspec.json.encode({"text": escaped})


def test_body(kind: str, message_id: str, now: datetime) -> bytes:
    """What a test sends."""
    message = "This is a test from revstream: deliveries reach you."
    if kind == "slack":
        return slack_text(message)
    return _standard(message_id, "revstream.test", now, {"message": message})


def digest_body(kind: str, message_id: str, now: datetime, text: str) -> bytes:
    """A digest as either kind of endpoint takes it."""
    if kind == "slack":
        return slack_text(text)
    return _standard(message_id, "revstream.digest", now, {"text": text})


def _standard(message_id: str, kind: str, at: datetime, data: object) -> bytes:
    return msgspec.json.encode({"id": message_id, "type": kind, "timestamp": at.astimezone(UTC), "data": data})


def _stake(amounts: object) -> str:
    match amounts:
        case {"amount": amount, "currency": str() as currency}:
            return f" · MRR at risk {amount} {currency.upper()}"
        case {"by_currency": {**each}} if each:
            return " · MRR at risk " + ", ".join(f"{amount} {str(code).upper()}" for code, amount in each.items())
        case _:
            return ""
