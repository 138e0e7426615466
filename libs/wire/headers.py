"""CloudEvents 1.0 headers in binary mode, as every record on a public topic carries them."""

from datetime import UTC, datetime

Headers = list[tuple[str, bytes]]


def cloud_event(event_id: str, event_type: str, source: str, time: datetime, subject: str) -> Headers:
    """The headers of one record: `ce_*` attributes and the content type. `time` is aware."""
    stamp = time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", event_type.encode()),
        ("ce_source", source.encode()),
        ("ce_time", stamp.encode()),
        ("ce_subject", subject.encode()),
        ("content-type", b"application/json"),
    ]
