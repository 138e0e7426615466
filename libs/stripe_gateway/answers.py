"""What a call gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """One object (or list) as Stripe shows it. `at` is its `Date` header: the version of what was read."""

    body: Json
    at: datetime
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a list. `cursor` is where the next page begins, None at the end of the list."""

    objects: tuple[Json, ...]
    at: datetime
    cursor: str | None = None
