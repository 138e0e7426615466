"""This machine's clock, where nothing else is given."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)
