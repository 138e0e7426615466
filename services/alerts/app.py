"""The topology: `client.activity` → `churn.signals` and `clients.health`, and what wakes a client without a record."""

from datetime import UTC, datetime

from libs.runtime.faust_batch import BatchApp, StageHandle, StageSpec, batch_app, stage
from libs.runtime.too_large import told_and_left_out
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY, CLIENT_HEALTH
from services.alerts.client_entry import settings_of
from services.alerts.clients import SignalStage
from services.alerts.policies import RiskPolicies
from services.alerts.settings import AlertsSettings


class Topology:
    """The one stage on a Faust app; clients are looked at again when their time comes or their settings change."""

    def __init__(self, settings: AlertsSettings, policies: RiskPolicies) -> None:
        self.app: BatchApp = batch_app(settings.worker())
        self._policies = policies
        self._signals = SignalStage(policies, _now)
        self._by_client: StageHandle = stage(
            self.app,
            StageSpec(
                name="signals",
                source=CLIENT_ACTIVITY.name,
                targets=(CHURN_SIGNALS.name, CLIENT_HEALTH.name, CLIENT_ACTIVITY.name, CLIENT_ACTIVITY.dead_letters),
                compute=self._signals.compute,
                recheck=self._signals.recheck,
                on_recovered=self._recovered,
                on_too_large=told_and_left_out,
            ),
        )
        policies.on_change = self._settings_changed

    def sweep(self) -> None:
        """Have the clients looked at whose time has come."""
        if self.app.is_ready:
            self._by_client.submit(self._signals.due.due(int(_now().timestamp())))

    def _recovered(self, partitions: frozenset[int]) -> None:
        """Entries that another worker wrote, perhaps under other settings: plan their changes, recheck the outdated."""
        for partition in partitions:
            entries = self._by_client.state(partition)
            self._signals.due.plan_all(entries)
            self._by_client.submit(key for key, data in entries.items() if self._outdated(key, data))

    def _outdated(self, key: bytes, data: bytes) -> bool:
        return settings_of(data) != self._policies.of(key.partition(b"/")[0].decode()).version

    def _settings_changed(self, project: str) -> None:
        prefix = f"{project}/".encode()
        for partition in self._by_client.partitions:
            self._by_client.submit([key for key in self._by_client.state(partition) if key.startswith(prefix)])


def _now() -> datetime:
    return datetime.now(UTC)
