"""The policy of each project, as `projects.settings` says: state that is read in full before any record."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from libs.domain.policy import DEFAULT, Policy, PolicyError, policy_of
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import SettingsRecord

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProjectPolicy:
    """A policy and the version of the settings that it came with; 0 is the default of a project that set nothing."""

    version: int = 0
    policy: Policy = DEFAULT


UNSET = ProjectPolicy()


class Policies:
    """Policies by project. `on_change` hears of a project whose policy became another one."""

    def __init__(self) -> None:
        self._known: dict[str, ProjectPolicy] = {}
        self.on_change: Callable[[str], None] = lambda _project: None

    def of(self, project: str) -> ProjectPolicy:
        """The present policy of a project."""
        return self._known.get(project, UNSET)

    def apply(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the topic. What cannot be read leaves the policy that was."""
        project = key.decode(errors="replace")
        read = UNSET if value is None else self._read(project, value)
        if read is not None and read != self.of(project):
            self._known[project] = read
            self.on_change(project)

    def _read(self, project: str, value: bytes) -> ProjectPolicy | None:
        try:
            record = decode(value, SettingsRecord)
            return ProjectPolicy(record.version, policy_of(record.preset, record.policy))
        except (MalformedRecord, PolicyError) as error:
            log.error("settings_unreadable", project=project, error=str(error), hint="the policy before stays in force")
            return None
