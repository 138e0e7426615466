"""What each project has set, as `projects.settings` says: state that is read in full before any record."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from zlib import crc32

import structlog

from libs.domain.mapping import MailRules
from libs.domain.policy import DEFAULT, Policy, PolicyError, policy_of
from libs.wire.codec import MalformedRecord, decode
from libs.wire.mail_rules import mail_rules
from libs.wire.records import MappingOptions, SettingsRecord

UNMAPPED = MappingOptions()
log = structlog.get_logger(__name__)


def _counting(policy: Policy) -> int:
    """A fingerprint of what a customer's own figures depend on: all but what only the ledger asks for. Never 0."""
    asked = replace(
        policy,
        base_currency=None,
        fx=(),
        fx_mode=DEFAULT.fx_mode,
        free_is_churn=DEFAULT.free_is_churn,
        reactivation_window_days=None,
        movement_grouping_minutes=0,
        churn_formula=DEFAULT.churn_formula,
        subscriber_churn_formula=DEFAULT.subscriber_churn_formula,
        timezone=DEFAULT.timezone,
    )
    return crc32(repr(asked).encode()) or 1


@dataclass(frozen=True, slots=True)
class ProjectPolicy:
    """A policy and the version of the settings that it came with; 0 is the default of a project that set nothing.

    `counting` is another one where customers must be counted anew, `checked` also where they may map otherwise. Rates
    and other options of the ledger alone change neither.
    """

    version: int = 0
    policy: Policy = DEFAULT
    mapping: MappingOptions = UNMAPPED
    counting: int = field(init=False, compare=False)
    checked: int = field(init=False, compare=False)
    rules: MailRules = field(init=False, compare=False)

    def __post_init__(self) -> None:
        counting = _counting(self.policy)
        object.__setattr__(self, "counting", counting)
        object.__setattr__(self, "checked", crc32(repr(self.mapping).encode(), counting) or 1)
        object.__setattr__(self, "rules", mail_rules(self.mapping))


UNSET = ProjectPolicy()


class Policies:
    """Policies by project. `on_change` hears of a project whose settings became others, and which they were."""

    def __init__(self) -> None:
        self._known: dict[str, ProjectPolicy] = {}
        self.on_change: Callable[[str, ProjectPolicy], None] = lambda _project, _before: None

    def of(self, project: str) -> ProjectPolicy:
        """The present policy of a project."""
        return self._known.get(project, UNSET)

    def apply(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the topic. What cannot be read leaves the policy that was."""
        project = key.decode(errors="replace")
        read = UNSET if value is None else self._read(project, value)
        before = self.of(project)
        if read is not None and read != before:
            self._known[project] = read
            self.on_change(project, before)

    def _read(self, project: str, value: bytes) -> ProjectPolicy | None:
        try:
            record = decode(value, SettingsRecord)
            return ProjectPolicy(record.version, policy_of(record.preset, record.policy), record.mapping)
        except (MalformedRecord, PolicyError) as error:
            log.error("settings_unreadable", project=project, error=str(error), hint="the policy before stays in force")
            return None
