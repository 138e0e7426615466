"""What people say to a signal: seen, later, or open again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True, order=True)
class Decision:
    """One verdict on a signal; `until` ends a snooze. The newest that lies within a trouble's course counts."""

    at: datetime
    signal: str
    verdict: Verdict
    id: str
    until: datetime | None = None
