"""What a project is and how it counts."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import msgspec

from libs.domain.policy import Policy, policy_of
from libs.wire.records import MappingOptions
from services.api.database import Connection

BY_DEFAULT = MappingOptions()
SETTINGS = """
SELECT version, preset, policy, updated_at, risk, health, mapping::text AS mapping, retention_tier
FROM project_settings WHERE project = $1
"""
MODES = """
SELECT EXISTS (SELECT FROM customers WHERE project = $1 AND livemode)
    OR EXISTS (SELECT FROM clients WHERE project = $1 AND livemode) AS live,
       EXISTS (SELECT FROM customers WHERE project = $1 AND NOT livemode)
    OR EXISTS (SELECT FROM clients WHERE project = $1 AND NOT livemode) AS test
"""


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What a project has set: version 0 is what it has before anyone sets anything."""

    version: int
    preset: str
    options: dict[str, object]
    updated_at: datetime | None = None
    risk: dict[str, object] = field(default_factory=dict)
    health: dict[str, object] = field(default_factory=dict)
    mapping: MappingOptions = BY_DEFAULT
    retention_tier: str = "unlimited"

    def policy(self) -> Policy:
        """The rules that follow."""
        return policy_text(self.preset, msgspec.json.encode(self.options, order="deterministic").decode())


@lru_cache(maxsize=256)
def policy_text(preset: str, options: str) -> Policy:
    """The rules that a preset and options, as JSON, make. Read once: a project may have thousands of rates."""
    return policy_of(preset, msgspec.json.decode(options))


NOTHING_SET = ProjectSettings(0, "default", {})


async def settings(connection: Connection, project: str, lock: str = "") -> ProjectSettings:
    """The project's settings. `lock` FOR UPDATE keeps others from changing them meanwhile."""
    row = await connection.fetchrow(f"{SETTINGS} {lock}", project)
    if row is None:
        return NOTHING_SET
    policy, risk, health = (msgspec.json.decode(row[part]) for part in ("policy", "risk", "health"))
    mapping = msgspec.json.decode(row["mapping"], type=MappingOptions)
    tier = row["retention_tier"]
    return ProjectSettings(row["version"], row["preset"], policy, row["updated_at"], risk, health, mapping, tier)


async def livemode(connection: Connection, project: str, mode: str | None) -> bool:
    """The mode asked for; else live where there is any live data, or no data at all. The two are never mixed."""
    if mode is not None:
        return mode == "live"
    row = await connection.fetchrow(MODES, project)
    assert row is not None
    return bool(row["live"] or not row["test"])


async def livemode_if_any(connection: Connection, project: str, mode: str | None) -> bool | None:
    """As `livemode`, but None while the project has no data of either mode."""
    if mode is not None:
        return mode == "live"
    row = await connection.fetchrow(MODES, project)
    assert row is not None
    return bool(row["live"]) if row["live"] or row["test"] else None
