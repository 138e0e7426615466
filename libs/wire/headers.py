"""CloudEvents 1.0 headers in binary mode, as every record on a public topic carries them."""

from datetime import UTC, datetime
from functools import lru_cache

Headers = list[tuple[str, bytes]]

_VERSION = ("ce_specversion", b"1.0")
_CONTENT = ("content-type", b"application/json")


def cloud_event(event_id: str, event_type: str, source: str, time: datetime, subject: str) -> Headers:
    """The headers of one record: `ce_*` attributes and the content type. `time` is aware."""
    return [
        _VERSION,
        ("ce_id", event_id.encode()),
        _named("ce_type", event_type),
        _named("ce_source", source),
        ("ce_time", _stamp(time)),
        ("ce_subject", subject.encode()),
        _CONTENT,
    ]


# Types and sources are few, and the records of one round mostly bear one instant.
@lru_cache(1024)
def _named(name: str, value: str) -> tuple[str, bytes]:
    return name, value.encode()


@lru_cache(1024)
def _stamp(time: datetime) -> bytes:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()
