"""`python -m services.mrr`: settings, topics, what projects have set, then the worker."""

import asyncio
import sys

from libs.runtime import logs
from libs.runtime.faust_batch import run_worker
from libs.runtime.follow import followed
from libs.runtime.health import Check, Readiness, health_site
from libs.runtime.kafka import await_topics
from libs.runtime.settings import load_or_exit
from libs.wire.mail_domains import registrable
from libs.wire.topics import CLIENT_DIRECTORY, PROJECT_SETTINGS
from services.mrr.app import Topology
from services.mrr.mapping import Clients
from services.mrr.policies import Policies
from services.mrr.settings import MrrSettings


def main() -> int:
    settings = load_or_exit(MrrSettings)
    logs.configure("mrr", settings.log_level)
    asyncio.run(await_topics(settings.kafka_bootstrap_servers, settings.topic_partitions, settings.topic_replication))
    registrable("example.com")  # the list takes a moment to read: now, not at the first record
    policies, clients = Policies(), Clients()
    topology = Topology(settings, policies, clients)

    async def recovered() -> bool:
        return topology.app.is_ready

    return run_worker(
        topology.app,
        companions=(
            health_site(Readiness(Check("worker", recovered)), settings.mrr_health_host, settings.mrr_health_port),
            followed(settings.kafka_bootstrap_servers, PROJECT_SETTINGS.name, policies.apply),
            followed(settings.kafka_bootstrap_servers, CLIENT_DIRECTORY.name, clients.apply),
            topology.clock(),
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
