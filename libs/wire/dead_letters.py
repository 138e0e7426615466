"""What a dead letter's headers say: why it could not be read, where it lay, who gave up on it, how often, what to do.

Key and value are the original bytes and the original headers stay in front, so that a letter can be sent again as is.
A letter goes by its origin: however many readers gave up on a record, and however often, there is one thing to settle.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from libs.wire.headers import Headers

PREFIX = "dl_"
SUFFIX = ".dead-letters"
MAX_REASON = 2000
UNSAID = "its headers don't say why"
_ORIGIN = re.compile(r"([A-Za-z0-9._-]{1,249}):([0-9]{1,9}):([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the unreadable record lies."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """`topic:partition:offset`, the name by which people speak of the letter."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """The origin that `text` names. Raises ValueError."""
        found = _ORIGIN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} names no dead letter: they go by topic:partition:offset, as `dlq list` shows")
        return cls(found[1], int(found[2]), int(found[3]))

    @property
    def command(self) -> str:
        """What to type to send the record again."""
        return f"revstream dlq retry {self}"


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as it lies on a topic: `place` is where, `at` when the broker took it."""

    place: Origin
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: the original record, and what is said of it. `lies` is its own place, `at` its own time."""

    origin: Origin
    lies: Origin
    at: datetime
    reason: str
    consumer: str
    attempts: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def target(self) -> str:
        """The topic to send it to again. A letter that does not say where it was from goes by where it lies."""
        return self.origin.topic.removesuffix(SUFFIX)

    @property
    def content(self) -> str:
        """A fingerprint of what was unreadable: offsets alone come again when a topic is made anew."""
        parts = (self.key or b"", self.value or b"")
        return blake2b(b"".join(len(part).to_bytes(8, "big") + part for part in parts), digest_size=8).hexdigest()

    def again(self) -> Headers:
        """The headers to send it with: the original ones, and how often it was tried, for the next letter to go on."""
        return [*self.headers, ("dl_attempts", str(self.attempts).encode())]


def dead_letter_headers(reason: str, origin: Origin, consumer: str, original: Sequence[tuple[str, bytes]]) -> Headers:
    """The headers of one dead letter. `consumer` is the service that could not read it.

    A letter that was sent again and failed again counts its attempts on.
    """
    return [
        *_kept(original),
        ("dl_reason", reason[:MAX_REASON].encode(errors="replace")),
        ("dl_topic", origin.topic.encode()),
        ("dl_partition", str(origin.partition).encode()),
        ("dl_offset", str(origin.offset).encode()),
        ("dl_consumer", consumer.encode()),
        ("dl_attempts", str(_attempts(original) + 1).encode()),
        ("dl_time", datetime.now(UTC).isoformat().replace("+00:00", "Z").encode()),
        ("dl_replay", origin.command.encode()),
    ]


def read_letter(raw: Raw) -> Letter:
    """The letter in a record of a dead-letter topic. What its headers don't say is told by where it lies."""
    told = {name: value.decode(errors="replace") for name, value in raw.headers if name.startswith(PREFIX)}
    return Letter(
        origin=_origin(told) or raw.place,
        lies=raw.place,
        at=raw.at,
        reason=told.get("dl_reason", UNSAID),
        consumer=told.get("dl_consumer", ""),
        attempts=max(1, _attempts(raw.headers)),
        key=raw.key,
        value=raw.value,
        headers=tuple(_kept(raw.headers)),
    )


def _origin(told: dict[str, str]) -> Origin | None:
    try:
        return Origin.parse(":".join(told[name] for name in ("dl_topic", "dl_partition", "dl_offset")))
    except (KeyError, ValueError):
        return None


def _kept(headers: Sequence[tuple[str, bytes]]) -> Headers:
    return [(name, value) for name, value in headers if not name.startswith(PREFIX)]


def _attempts(headers: Sequence[tuple[str, bytes]]) -> int:
    for name, value in headers:
        if name == "dl_attempts" and value.isdigit():
            return int(value)
    return 0
