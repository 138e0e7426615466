"""What the alerts service needs from its environment."""

from pathlib import Path

from pydantic import Field

from libs.runtime.faust_batch import BatchSettings
from libs.runtime.settings import Settings

# The table's changelog is named after the group: a new name is a new service that reads everything again.
GROUP = "revstream-alerts"


class AlertsSettings(Settings):
    """Settings of the alerts service."""

    revstream_home: Path = Path(".revstream")
    alerts_health_host: str = "127.0.0.1"
    alerts_health_port: int = Field(default=9083, ge=0, le=65535)

    def worker(self) -> BatchSettings:
        """How the Faust worker is set up."""
        return BatchSettings(
            group=GROUP,
            brokers=self.kafka_bootstrap_servers,
            data_dir=self.revstream_home / "alerts",
            partitions=self.topic_partitions,
            replication_factor=self.topic_replication,
        )
