"""Dead letters on the terminal."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.cli.dlq_letters import OPEN, Held, stamp
from libs.cli.plain_text import of_bytes, printable

MOST_BYTES = 4000


def depths(letters: Sequence[Held]) -> dict[str, int]:
    """How many letters each topic has."""
    return dict(sorted(Counter(one.letter.target for one in letters).items()))


def show_list(console: Console, letters: Sequence[Held], now: datetime, most: int) -> None:
    """A line for each, oldest first, and how deep each topic's pile is."""
    if not letters:
        console.print("No dead letters.")
        return
    table = Table("letter", "state", "age", "by", "tries", "why")
    for one in letters[:most]:
        consumers = ", ".join(one.consumers) or "?"
        table.add_row(
            Text(printable(one.name)),
            one.state,
            _age(now - one.since),
            Text(printable(consumers)),
            str(one.letter.attempts),
            Text(printable(one.letter.reason)),
        )
    console.print(table)
    if len(letters) > most:
        console.print(f"and {len(letters) - most} more; --limit shows them", markup=False)
    told = ", ".join(f"{count} of {topic}" for topic, count in depths(letters).items())
    console.print(f"{told}; the oldest is {_age(now - letters[0].since)} old", markup=False, soft_wrap=True)


def show_letter(console: Console, one: Held, now: datetime) -> None:
    """Everything about one."""
    letter = one.letter
    table = Table("", "", show_header=False, title=Text(printable(one.name)))
    said = {
        "state": _state(one),
        "why": printable(letter.reason),
        "given up by": ", ".join(map(printable, one.consumers)) or "unknown",
        "first written": f"{stamp(one.since)}, {_age(now - one.since)} ago, {one.copies} times",
        "lies at": str(letter.lies),
        "tries": str(letter.attempts),
        "key": of_bytes(letter.key, MOST_BYTES),
        **{printable(name): of_bytes(value, MOST_BYTES) for name, value in letter.headers},
        "value": of_bytes(letter.value, MOST_BYTES),
    }
    if one.state == OPEN:
        said["send it again"] = letter.origin.command
    for name, text in said.items():
        table.add_row(Text(name), Text(text))
    console.print(table)


def _state(one: Held) -> str:
    if one.mark is None:
        return OPEN
    reason = f": {printable(one.mark.reason)}" if one.mark.reason else ""
    return f"{one.mark.state} at {stamp(one.mark.at)}{reason}"


def _age(age: timedelta) -> str:
    """`3d 04:05:06`, to the second."""
    whole = timedelta(seconds=max(0, int(age.total_seconds())))
    days = f"{whole.days}d " if whole.days else ""
    return days + str(timedelta(seconds=whole.seconds)).rjust(8, "0")
