"""The alerts stage without Kafka: its table, what it published, and a reader who keeps each signal's latest state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from libs.runtime.faust_batch import StageResult
from libs.wire.codec import decode, encode, record_key
from libs.wire.records import HealthRecord, Record, SettingsRecord, SignalRecord
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY, CLIENT_HEALTH
from services.alerts.clients import SignalStage
from services.alerts.policies import RiskPolicies
from tests.mrr.in_memory import MemoryRecord, remember


@dataclass
class Alerts:
    """One worker of the alerts service at an instant that tests move."""

    now: datetime
    table: dict[bytes, bytes] = field(default_factory=dict)
    published: list[SignalRecord] = field(default_factory=list)
    held: dict[str, SignalRecord] = field(default_factory=dict)
    health: dict[str, HealthRecord] = field(default_factory=dict)
    sent_on: list[MemoryRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.policies = RiskPolicies()
        self.stage = SignalStage(self.policies, lambda: self.now)

    def feed(self, records: Sequence[MemoryRecord]) -> None:
        """One round; what the stage sends to its own topic is read in the next ones."""
        waiting = list(records)
        while waiting:
            result = self.stage.compute(waiting, self.table)
            remember(self.table, result)
            waiting = self._read(result)

    def wait_until(self, now: datetime) -> None:
        """Let time pass, waking clients as the sweep does."""
        self.now = now
        due = list(self.stage.due.due(int(now.timestamp())))
        while due:
            self.recheck(due)
            due = list(self.stage.due.due(int(now.timestamp())))

    def settle(self, **settings: dict[str, object]) -> None:
        """A project's settings change; its clients are looked at again."""
        self.policies.apply(b"acme", encode(SettingsRecord(project="acme", version=1, **settings)))  # type: ignore[arg-type]
        self.recheck(list(self.table))

    def recheck(self, keys: Sequence[bytes]) -> None:
        result = self.stage.recheck(keys, self.table)
        remember(self.table, result)
        self._read(result)

    def standing(self) -> dict[str, str]:
        """Each rule's latest signal: its resolution, or its status."""
        signals = sorted(self.held.values(), key=lambda one: one.opened_at)
        return {one.rule: one.resolution or one.status for one in signals}

    def _read(self, result: StageResult) -> list[MemoryRecord]:
        own = []
        for topic, key, value, _ in result.outputs:
            if topic == CHURN_SIGNALS.name:
                signal = decode(value or b"", SignalRecord)
                assert signal.id not in self.held or signal.updated_at >= self.held[signal.id].updated_at
                self.published.append(signal)
                self.held[signal.id] = signal
            elif topic == CLIENT_HEALTH.name:
                health = decode(value or b"", HealthRecord)
                self.health[health.client] = health
            elif topic == CLIENT_ACTIVITY.name:
                own.append(MemoryRecord(topic, 0, key, value))
        self.sent_on += own
        return own


def to_client(record: Record, client: str) -> MemoryRecord:
    """A record of `client.activity` of the project `acme`."""
    return MemoryRecord(CLIENT_ACTIVITY.name, 0, record_key("acme", client), encode(record))
