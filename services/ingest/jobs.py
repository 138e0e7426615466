"""What ingest does in the background, as jobs: each a kind of work and what it is to be done to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job is about: a run or a connection of a project."""

    project: str
    id: str


class Duty(Protocol):
    """Knows when there is something to do, and does it.

    `kind` names its jobs. Of one kind and subject no two jobs wait or are worked on, whoever asks for them.
    `only_while_due`: a job is called off as soon as it is due no more.
    """

    @property
    def kind(self) -> str: ...

    @property
    def only_while_due(self) -> bool: ...

    async def due(self) -> Sequence[Subject]:
        """What is to be done now. Raises what PostgreSQL's absence raises."""
        ...

    async def work(self, subject: Subject) -> None:
        """Do it, unless somebody did it meanwhile. Raises what PostgreSQL's absence raises, and RunTaken."""
        ...
