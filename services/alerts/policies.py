"""What each project has set of the rules and of health, as `projects.settings` says: read in full before any record."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from libs.domain.health import DEFAULT_HEALTH, HealthSettings, HealthSettingsError, health_settings
from libs.domain.risk import DEFAULT_RISK, RiskSettings, RiskSettingsError, risk_settings
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import SettingsRecord

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """The settings in force and their version; 0 is what a project has that set nothing."""

    version: int = 0
    risk: RiskSettings = DEFAULT_RISK
    health: HealthSettings = DEFAULT_HEALTH


UNSET = RiskPolicy()


class RiskPolicies:
    """Settings by project. `on_change` hears of a project whose settings became others."""

    def __init__(self) -> None:
        self._known: dict[str, RiskPolicy] = {}
        self.on_change: Callable[[str], None] = lambda _project: None

    def of(self, project: str) -> RiskPolicy:
        """What the project has set."""
        return self._known.get(project, UNSET)

    def apply(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the topic. What cannot be read leaves the settings that were."""
        project = key.decode(errors="replace")
        read = UNSET if value is None else self._read(project, value)
        if read is not None and read != self.of(project):
            self._known[project] = read
            self.on_change(project)

    def _read(self, project: str, value: bytes) -> RiskPolicy | None:
        try:
            record = decode(value, SettingsRecord)
            return RiskPolicy(record.version, risk_settings(record.risk), health_settings(record.health))
        except (MalformedRecord, RiskSettingsError, HealthSettingsError) as error:
            log.error("risk_settings_unreadable", project=project, error=str(error), hint="those before stay in force")
            return None
