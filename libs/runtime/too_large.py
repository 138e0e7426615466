"""What a service does with a record that no topic takes: keep what was known, and tell people."""

import structlog

from libs.runtime.faust_batch import Output, RecordTooLarge

log = structlog.get_logger(__name__)


def told_and_left_out(error: RecordTooLarge) -> list[Output]:
    """Publish nothing in its place: a state of megabytes is a fault that people must see, and stops nobody else."""
    log.error("record_too_large", topic=error.topic, key=error.key, size=error.size, limit=error.limit)
    return []
