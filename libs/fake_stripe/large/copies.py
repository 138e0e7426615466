"""Many copies of a few objects: each has ids of its own, made by a number behind those that it was copied with."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

import orjson

from libs.fake_stripe.json_types import Json

DIGITS = 7
IDENTIFIER = re.compile(r'"([a-z]+_[A-Za-z0-9]+)"')
MARK = "~copy~"


def numbered(identifier: str, copy: int) -> str:
    """The id of a copy."""
    return f"{identifier}{copy:0{DIGITS}d}"


def parsed(identifier: str) -> tuple[str, int] | None:
    """The id that was copied, and the number of the copy."""
    original, number = identifier[:-DIGITS], identifier[-DIGITS:]
    return (original, int(number)) if number.isdecimal() else None


@dataclass(slots=True)
class Template:
    """One object as JSON with a mark behind each id that differs from copy to copy."""

    json: bytes

    @classmethod
    def of(cls, item: Json, own: Container[str]) -> "Template":
        """`own`: the ids that differ."""

        def marked(found: re.Match[str]) -> str:
            return f'"{found[1]}{MARK}"' if found[1] in own else found[0]

        return cls(IDENTIFIER.sub(marked, orjson.dumps(item).decode()).encode())

    def copy(self, number: int) -> bytes:
        """The object's JSON as that copy."""
        return self.json.replace(MARK.encode(), f"{number:0{DIGITS}d}".encode())


@dataclass(slots=True)
class Copies:
    """A list of objects, newest first, each there `count` times in a row."""

    ids: Sequence[str]
    count: int
    places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.places = {identifier: place for place, identifier in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids) * self.count

    def at(self, position: int) -> tuple[int, int]:
        """Which object stands there, and the number of its copy."""
        return divmod(position, self.count)

    def position(self, identifier: str) -> int | None:
        """Where a copy stands; None where there is no such object."""
        found = parsed(identifier)
        if found is None or found[0] not in self.places or found[1] >= self.count:
            return None
        return self.places[found[0]] * self.count + found[1]
