"""How a worker is tuned. Each value that differs from Faust's own has its reason here."""

from dataclasses import dataclass, field
from pathlib import Path

from libs.runtime.faust_batch.rounds import RoundLimits

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """What a service decides about its worker: group, brokers, where it may write, how many partitions."""

    group: str
    brokers: str
    data_dir: Path
    partitions: int = 8
    replication_factor: int = 1
    commit_seconds: float = 1.0
    max_poll_records: int = 1000
    # A member that was killed must be gone before its partitions move: Faust's 60 s are an outage.
    session_seconds: float = 6.0
    heartbeat_seconds: float = 1.0
    # Faust waits 20 minutes for an acknowledgement; a worker that can't write must fail and be restarted.
    producer_request_seconds: float = 40.0
    fetch_wait_ms: int = 100
    max_record_bytes: int = 2 * MIB
    topic_seconds: float = 15.0
    rounds: RoundLimits = field(default_factory=RoundLimits)

    def faust(self) -> dict[str, object]:
        """The same as Faust's own settings."""
        return {
            "broker": [f"kafka://{broker.strip()}" for broker in self.brokers.split(",")],
            "datadir": str(self.data_dir / self.group),
            "store": "memory://",
            "key_serializer": "raw",
            "value_serializer": "raw",
            "topic_partitions": self.partitions,
            "topic_replication_factor": self.replication_factor,
            "topic_disable_leader": True,
            "table_standby_replicas": 0,
            "consumer_auto_offset_reset": "earliest",
            "consumer_max_fetch_size": 4 * MIB,
            "broker_max_poll_records": self.max_poll_records,
            "broker_commit_interval": self.commit_seconds,
            "broker_commit_every": None,
            "broker_session_timeout": self.session_seconds,
            "broker_heartbeat_interval": self.heartbeat_seconds,
            "producer_acks": -1,
            "producer_linger": 0.0,  # 5 ms cost a factor of three: each round waits for its acknowledgements
            "producer_max_batch_size": MIB,
            "producer_max_request_size": 2 * MIB,
            "producer_request_timeout": self.producer_request_seconds,
            "stream_buffer_maxsize": 8,  # counts batches here, not records
            "stream_wait_empty": False,  # BatchConsumer waits for the rounds itself
            "web_enabled": False,
            "worker_redirect_stdouts": False,
        }
