"""The real worker, in a group of its own so that it reads the same backlog again in each run."""

import sys
from dataclasses import replace

from libs.runtime import logs
from libs.runtime.faust_batch import BatchSettings, run_worker
from services.mrr.app import Topology
from services.mrr.mapping import Clients
from services.mrr.policies import Policies
from services.mrr.settings import MrrSettings
from tests.bench.rules.job import Job, job_of


class GroupSettings(MrrSettings):
    """The service's settings but for the group."""

    group: str

    def worker(self) -> BatchSettings:
        """How the Faust worker is set up."""
        return replace(super().worker(), group=self.group)


def main(job: Job) -> int:
    """Run until a signal."""
    logs.configure("mrr", "INFO")
    settings = GroupSettings(kafka_bootstrap_servers=job.brokers, revstream_home=job.home, group=job.group)
    topology = Topology(settings, Policies(), Clients())
    return run_worker(topology.app, companions=(topology.clock(),))


if __name__ == "__main__":
    sys.exit(main(job_of(sys.argv[1:])))
