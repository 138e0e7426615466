"""Each night, at a time of its own, every account is compared with what the streams say of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from libs.domain.schedule import next_night
from services.ingest.jobs import Job
from services.ingest.polling import known_zone, utc_now
from services.ingest.postgres_drift import Drift, Sleeper
from services.ingest.postgres_runs import RECONCILE, Runs


@dataclass(frozen=True, slots=True)
class Nightly:
    """Asks for a comparison when the night has come; one that another run is in the way of is asked for again."""

    drift: Drift
    runs: Runs
    clock: Callable[[], datetime] = utc_now

    async def due(self) -> list[Job]:
        """The comparisons to ask for now. Raises what PostgreSQL's absence raises."""
        now = self.clock()
        return [
            Job(f"night {each.project} {each.connection}", partial(self._ask, each))
            for each in await self.drift.sleepers()
            if next_night(min(each.last_at, now), known_zone(each.timezone), each.project) <= now
        ]

    async def _ask(self, sleeper: Sleeper) -> None:
        await self.runs.ask(sleeper.project, sleeper.connection, RECONCILE, self.clock())
