"""`python -m services.alerts`: settings, topics, then the worker."""

import asyncio
import sys

from libs.runtime import logs
from libs.runtime.faust_batch import run_worker
from libs.runtime.health import Check, Readiness, health_site
from libs.runtime.kafka import await_topics
from libs.runtime.settings import load_or_exit
from services.alerts.app import signals_app
from services.alerts.settings import AlertsSettings


def main() -> int:
    settings = load_or_exit(AlertsSettings)
    logs.configure("alerts", settings.log_level)
    asyncio.run(await_topics(settings.kafka_bootstrap_servers, settings.topic_partitions, settings.topic_replication))
    app = signals_app(settings)

    async def recovered() -> bool:
        return app.is_ready

    readiness = Readiness(Check("worker", recovered))
    return run_worker(
        app, companions=(health_site(readiness, settings.alerts_health_host, settings.alerts_health_port),)
    )


if __name__ == "__main__":
    sys.exit(main())
