"""What the mrr service needs from its environment."""

from pathlib import Path

from pydantic import Field

from libs.runtime.faust_batch import BatchSettings
from libs.runtime.settings import Settings

# Internal topics are named after the group: a new name is a new topology that reads everything again.
GROUP = "revstream-mrr"
# A topic that is fetched again after a rest is in the next request only: that must not wait long for news of others.
FETCH_WAIT_MS = 40


class MrrSettings(Settings):
    """`topology_epoch` goes up when the tables are rebuilt: contributions of an older epoch are then superseded."""

    revstream_home: Path = Path(".revstream")
    mrr_health_host: str = "127.0.0.1"
    mrr_health_port: int = Field(default=9082, ge=0, le=65535)
    topology_epoch: int = Field(default=1, ge=1)

    def worker(self) -> BatchSettings:
        """How the Faust worker is set up."""
        return BatchSettings(
            group=GROUP,
            brokers=self.kafka_bootstrap_servers,
            data_dir=self.revstream_home / "mrr",
            partitions=self.topic_partitions,
            replication_factor=self.topic_replication,
            fetch_wait_ms=FETCH_WAIT_MS,
        )
