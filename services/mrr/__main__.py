"""`python -m services.mrr`: settings, topics, the policies, then the worker."""

import asyncio
import sys

from libs.runtime import logs
from libs.runtime.faust_batch import run_worker
from libs.runtime.follow import followed
from libs.runtime.health import Check, Readiness, health_site
from libs.runtime.kafka import await_topics
from libs.runtime.settings import load_or_exit
from libs.wire.topics import PROJECT_SETTINGS
from services.mrr.app import Topology
from services.mrr.policies import Policies
from services.mrr.settings import MrrSettings


def main() -> int:
    settings = load_or_exit(MrrSettings)
    logs.configure("mrr", settings.log_level)
    asyncio.run(await_topics(settings.kafka_bootstrap_servers, settings.topic_partitions, settings.topic_replication))
    policies = Policies()
    topology = Topology(settings, policies)

    async def recovered() -> bool:
        return topology.app.is_ready

    return run_worker(
        topology.app,
        companions=(
            health_site(Readiness(Check("worker", recovered)), settings.mrr_health_host, settings.mrr_health_port),
            followed(settings.kafka_bootstrap_servers, PROJECT_SETTINGS.name, policies.apply),
            topology.clock(),
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
