"""What a dead letter's headers say: why it could not be read, where it lay, who gave up on it and how often.

Key and value are the original bytes and the original headers stay in front, so that a letter can be sent again as is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from libs.wire.headers import Headers

PREFIX = "dl_"
MAX_REASON = 2000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the unreadable record lies."""

    topic: str
    partition: int
    offset: int


def dead_letter_headers(reason: str, origin: Origin, consumer: str, original: Sequence[tuple[str, bytes]]) -> Headers:
    """The headers of one dead letter. `consumer` is the service that could not read it.

    A letter that was sent again and failed again counts its attempts on.
    """
    kept = [(name, value) for name, value in original if not name.startswith(PREFIX)]
    return [
        *kept,
        ("dl_reason", reason[:MAX_REASON].encode(errors="replace")),
        ("dl_topic", origin.topic.encode()),
        ("dl_partition", str(origin.partition).encode()),
        ("dl_offset", str(origin.offset).encode()),
        ("dl_consumer", consumer.encode()),
        ("dl_attempts", str(_attempts(original) + 1).encode()),
        ("dl_time", datetime.now(UTC).isoformat().replace("+00:00", "Z").encode()),
    ]


def _attempts(headers: Sequence[tuple[str, bytes]]) -> int:
    for name, value in headers:
        if name == "dl_attempts" and value.isdigit():
            return int(value)
    return 0
