"""`python -m services.alerts`: settings, topics, what projects have set, then the worker."""

import asyncio
import sys

from libs.runtime import logs
from libs.runtime.faust_batch import run_worker
from libs.runtime.follow import followed
from libs.runtime.health import Check, Readiness, health_site
from libs.runtime.kafka import await_topics
from libs.runtime.settings import load_or_exit
from libs.wire.topics import PROJECT_SETTINGS
from services.alerts.app import Topology
from services.alerts.policies import RiskPolicies
from services.alerts.settings import AlertsSettings
from services.alerts.sweep import sweeping


def main() -> int:
    settings = load_or_exit(AlertsSettings)
    logs.configure("alerts", settings.log_level)
    asyncio.run(await_topics(settings.kafka_bootstrap_servers, settings.topic_partitions, settings.topic_replication))
    policies = RiskPolicies()
    topology = Topology(settings, policies)

    async def recovered() -> bool:
        return topology.app.is_ready

    readiness = Readiness(Check("worker", recovered))
    return run_worker(
        topology.app,
        companions=(
            health_site(readiness, settings.alerts_health_host, settings.alerts_health_port),
            followed(settings.kafka_bootstrap_servers, PROJECT_SETTINGS.name, policies.apply),
            sweeping(topology),
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
