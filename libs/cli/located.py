"""JSON from people, with the path to each value, so that what is wrong can be pointed at."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NoReturn

LAST_SECOND = 253402300799  # the year 9999


class ScenarioError(ValueError):
    """What makes no sense, and where: `path` is the JSON path from the top."""

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(f"{path}: {fault}" if path else fault)
        self.path = path
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON value and its path."""

    path: str
    value: object

    def refuse(self, fault: str) -> NoReturn:
        """Raises ScenarioError at this path."""
        raise ScenarioError(self.path, fault)

    def at(self, name: str) -> "Located":
        """The member `name` of an object; null where there is none."""
        members = self.members()
        return Located(f"{self.path}.{name}" if self.path else name, members.get(name))

    def members(self) -> Mapping[str, object]:
        """The value as an object. Raises ScenarioError."""
        if not isinstance(self.value, dict):
            self.refuse(f"must be an object, not {named(self.value)}")
        return self.value

    def elements(self) -> "Iterator[Located]":
        """The elements of a list; none where it is missing. Raises ScenarioError."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            self.refuse(f"must be a list, not {named(self.value)}")
        for index, element in enumerate(self.value):
            yield Located(f"{self.path}[{index}]", element)

    def text(self) -> str:
        """The value as a text that says something. Raises ScenarioError."""
        if not isinstance(self.value, str) or not self.value:
            self.refuse(f"must be a text, not {named(self.value)}")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """The value as a list of texts; empty where it is missing. Raises ScenarioError."""
        return tuple(each.text() for each in self.elements())

    def instant(self) -> datetime:
        """Seconds since 1970, or an ISO 8601 time (UTC where it names no zone). Raises ScenarioError."""
        value = self.value
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LAST_SECOND:
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            try:
                read = datetime.fromisoformat(value)
                return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        self.refuse(f"must be seconds since 1970 or an ISO 8601 time, not {named(value)}")

    def day(self) -> date:
        """A date such as 2025-01-31. Raises ScenarioError."""
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            self.refuse(f"must be a date such as 2025-01-31, not {named(self.value)}")


def named(value: object) -> str:
    """A wrong value for a message."""
    if value is None:
        return "missing or null"
    return json.dumps(value, ensure_ascii=False, default=str)[:60]


def parsed(text: str, path: str) -> object:
    """The JSON in `text`. Raises ScenarioError with line and column."""
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ScenarioError(path, f"is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise ScenarioError(path, "is nested too deep") from error
    except ValueError as error:
        raise ScenarioError(path, f"is not JSON: {error}") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
