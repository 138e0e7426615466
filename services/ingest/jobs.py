"""What the leading process does besides the runs that were asked for."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do now; while it is being done, no other of its name is begun.

    `only_while_due`: it is cancelled as soon as it is due no more.
    """

    name: str
    work: Callable[[], Coroutine[object, object, None]]
    only_while_due: bool = False


class Duty(Protocol):
    """Knows when there is something to do."""

    async def due(self) -> list[Job]:
        """What is to be done now. Raises what PostgreSQL's absence raises."""
        ...
