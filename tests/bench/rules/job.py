"""Where one run reads and writes; what all three engines are told on their command line."""

import gc
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS
from services.mrr.clients import ClientStage
from services.mrr.customers import CustomerStage
from services.mrr.mapping import Clients
from services.mrr.policies import Policies


@dataclass(frozen=True, slots=True)
class Job:
    """A group of its own; `activity` and `revenue` stand in for the topics between and after the stages."""

    group: str
    brokers: str
    activity: str
    revenue: str
    home: Path

    def arguments(self) -> tuple[str, ...]:
        """For the command line."""
        return self.group, self.brokers, self.activity, self.revenue, str(self.home)

    def topic(self, named: str) -> str:
        """The topic of this run for the one that a stage names."""
        return {CLIENT_ACTIVITY.name: self.activity, REVENUE_CLIENTS.name: self.revenue}.get(named, named)


def job_of(arguments: list[str]) -> Job:
    """What `Job.arguments` said."""
    group, brokers, activity, revenue, home = arguments
    return Job(group, brokers, activity, revenue, Path(home))


def spare_the_collector() -> None:
    """For the peers what our worker does for itself."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def stages() -> tuple[CustomerStage, ClientStage]:
    """The service's own computations."""
    policies = Policies()
    return CustomerStage(policies, Clients(), _now, epoch=1), ClientStage(policies, _now, epoch=1)


def _now() -> datetime:
    return datetime.now(UTC)
