"""Each night, at a time of its own, every account is compared with what the streams say of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from libs.domain.schedule import next_night
from services.ingest.clock import utc_now
from services.ingest.jobs import Subject
from services.ingest.postgres_cursors import known_zone
from services.ingest.postgres_drift import Drift
from services.ingest.postgres_runs import RECONCILE, Runs


@dataclass(frozen=True, slots=True)
class Nightly:
    """Asks for a comparison when the night has come; one that another run is in the way of is asked for again."""

    drift: Drift
    runs: Runs
    clock: Callable[[], datetime] = utc_now

    @property
    def kind(self) -> str:
        """The name of its jobs."""
        return "night"

    @property
    def only_while_due(self) -> bool:
        """Asking takes no time."""
        return False

    async def due(self) -> list[Subject]:
        """The connections to compare now. Raises what PostgreSQL's absence raises."""
        now = self.clock()
        return [
            Subject(each.project, each.connection)
            for each in await self.drift.sleepers()
            if next_night(min(each.last_at, now), known_zone(each.timezone), each.project) <= now
        ]

    async def work(self, subject: Subject) -> None:
        """Ask for a comparison, unless another process just did. Raises what PostgreSQL's absence raises."""
        if subject in await self.due():
            await self.runs.ask(subject.project, subject.id, RECONCILE, self.clock())
