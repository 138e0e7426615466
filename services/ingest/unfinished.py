"""The duty to work on every unfinished run, those of a killed process among them."""

from dataclasses import dataclass

from services.ingest.jobs import Subject
from services.ingest.postgres_runs import Runs
from services.ingest.syncing import Syncing


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A job for each run, left where somebody calls the run off."""

    runs: Runs
    syncing: Syncing

    @property
    def kind(self) -> str:
        """The name of its jobs."""
        return "sync"

    @property
    def only_while_due(self) -> bool:
        """A run that is over, or was called off, is left at once."""
        return True

    async def due(self) -> list[Subject]:
        """The unfinished runs. Raises what PostgreSQL's absence raises."""
        return [Subject(run.project, run.id) for run in await self.runs.unfinished()]

    async def work(self, subject: Subject) -> None:
        """Go on with a run where it was. Raises what PostgreSQL's absence raises, and RunTaken."""
        run = await self.runs.one(subject.project, subject.id)
        if run is not None:
            await self.syncing.work(run)
