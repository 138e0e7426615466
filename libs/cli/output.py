"""What commands print: JSON lines for programs, plain lines for people."""

import sys
from collections.abc import Callable

import orjson
from rich.console import Console

from libs.cli.processes import Happening, What

Tell = Callable[[dict[str, object]], None]


def told(happening: Happening) -> dict[str, object]:
    """A happening as fields for a person or a program."""
    fields: dict[str, object] = {
        "event": happening.what.value,
        "name": happening.name,
        "seconds": round(happening.seconds, 2),
    }
    if happening.what is What.EXITED:
        fields |= {"code": happening.code, "next_start_in": happening.next_start_in}
    if happening.reason:
        fields["reason"] = happening.reason
    return fields


def json_line(fields: dict[str, object]) -> None:
    """One JSON object on a line of standard output, at once."""
    sys.stdout.write(orjson.dumps(fields).decode() + "\n")
    sys.stdout.flush()


def text_line(fields: dict[str, object]) -> None:
    """The same for a person, on standard error; addresses stand out on a terminal."""
    rest = " ".join(f"{name}={value}" for name, value in fields.items() if name != "event")
    Console(stderr=True, highlight=True).print(f"{fields['event']:>8}  {rest}", soft_wrap=True)
