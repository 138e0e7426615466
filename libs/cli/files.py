"""Text from files and standard input, for commands that read what people wrote."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from libs.cli.faults import refuse

STANDARD_INPUT = "-"


def content_of(name: str) -> str:
    """The text of the file, or of standard input for "-". Ends the command with exit code 2 if it can't be read."""
    try:
        return sys.stdin.read() if name == STANDARD_INPUT else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"{name} can't be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        refuse(f"{name} is not UTF-8: {error.reason} at byte {error.start}")


def wall_clock() -> datetime:
    """Now, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
