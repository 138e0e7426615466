"""Server-sent events as bytes, each made once for all listeners; and who wants which."""

from dataclasses import dataclass

import msgspec

from services.api.stream.log import Logged

RETRY_MS = 2000
OPENING = b"retry: %d\n\n" % RETRY_MS


@dataclass(frozen=True, slots=True)
class Frame:
    """One change, ready to be written."""

    logged: Logged
    data: bytes

    @property
    def seq(self) -> int:
        return self.logged.seq


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes a listener is told; each None where it does not matter."""

    livemode: bool | None = None
    kinds: frozenset[str] = frozenset({"signal", "notice"})
    client: str | None = None
    rule: str | None = None
    severity: str | None = None

    def matches(self, logged: Logged) -> bool:
        """Notices concern everyone; the filters are about signals."""
        change = logged.change
        if change.kind not in self.kinds or self.livemode not in (None, change.livemode):
            return False
        asked = ((self.client, change.client), (self.rule, change.rule), (self.severity, change.severity))
        return change.kind == "notice" or all(wanted in (None, given) for wanted, given in asked)


def frame(logged: Logged) -> Frame:
    """The event of a change. JSON as we write it has no line breaks, so one data line holds it."""
    kind = logged.change.kind.encode()
    return Frame(logged, b"id: %d\nevent: %b\ndata: %b\n\n" % (logged.seq, kind, logged.change.content))


def heartbeat(seq: int) -> bytes:
    """Shows that the line is alive. No event, but the listener's `Last-Event-ID` moves on past what it filtered out."""
    return b": heartbeat\nid: %d\n\n" % seq


def reset(seq: int) -> bytes:
    """The log does not reach back to where the listener was."""
    said = {"reason": "position_not_kept", "hint": "Read GET /api/alerts again; what follows is complete from here."}
    return b"id: %d\nevent: reset\ndata: %b\n\n" % (seq, msgspec.json.encode(said))


def ending(reason: str) -> bytes:
    """The last event of a connection: reconnecting with `Last-Event-ID` goes on where it ended."""
    said = {"reason": reason, "hint": "Connect again with Last-Event-ID."}
    return b"event: end\ndata: %b\n\n" % msgspec.json.encode(said)
