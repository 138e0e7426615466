"""The settings of a Kafka that consists of one node."""

from dataclasses import dataclass
from pathlib import Path

# A record of the largest webhook (1 MiB of JSON, which may grow in our envelope) and a batch's own bytes.
LARGEST_BATCH = 2 * 1024 * 1024 + 64 * 1024
YEAR_MINUTES = 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Node:
    """Where the one node listens and keeps its data."""

    port: int
    controller_port: int
    data: Path


def node_properties(node: Node) -> dict[str, str]:
    """Every setting that differs from Kafka's default."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        # Fixed voters and not dynamic ones: those write the port into the data, and it may change.
        "controller.quorum.voters": f"1@127.0.0.1:{node.controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{node.port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(node.data),
        **ALONE,
        **SIZES,
        **TIMES,
    }


ALONE = {
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "auto.create.topics.enable": "false",
}
SIZES = {
    "message.max.bytes": str(LARGEST_BATCH),
    "replica.fetch.max.bytes": str(LARGEST_BATCH),
    "num.partitions": "8",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
TIMES = {
    "group.initial.rebalance.delay.ms": "0",
    # A killed worker's place may be taken soon, if it asks for that.
    "group.min.session.timeout.ms": "1000",
    # After a crash the node must wait this long before it may register itself again (default 9 s).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A stack that stood still for months goes on where it stopped.
    "offsets.retention.minutes": str(YEAR_MINUTES),
}


def render(properties: dict[str, str]) -> str:
    """The text of a Java properties file: backslashes in paths are doubled."""
    return "".join(f"{name}={value}\n".replace("\\", "\\\\") for name, value in properties.items())
