"""Changes of a project's settings, and whether the other services were told of them."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from libs.wire.records import MappingOptions, SettingsRecord
from services.api.database import Connection
from services.api.queries.projects import ProjectSettings

LOCK_PROJECT = "SELECT FROM projects WHERE id = $1 FOR UPDATE"
STORE = """
INSERT INTO project_settings AS held (project, version, preset, policy, risk, health, mapping, retention_tier)
VALUES ($1, $2, $3, $4::text::jsonb, $5::text::jsonb, $6::text::jsonb, $7::text::jsonb, $8)
ON CONFLICT (project) DO UPDATE SET
    version = excluded.version, preset = excluded.preset, policy = excluded.policy, risk = excluded.risk,
    health = excluded.health, mapping = excluded.mapping, retention_tier = excluded.retention_tier, updated_at = now()
RETURNING updated_at
"""
UNPUBLISHED = """
SELECT project, version, preset, policy, risk, health, mapping::text AS mapping FROM project_settings
WHERE published_version < version ORDER BY project
"""
PUBLISHED = """
UPDATE project_settings SET published_version = greatest(published_version, $2) WHERE project = $1
"""


async def lock(connection: Connection, project: str) -> None:
    """Let one change at a time through, the first one included."""
    await connection.execute(LOCK_PROJECT, project)


async def store(connection: Connection, project: str, settings: ProjectSettings) -> ProjectSettings:
    """Keep the settings as they are now."""
    told = (settings.options, settings.risk, settings.health, settings.mapping)
    parts = (msgspec.json.encode(part).decode() for part in told)
    values = (settings.version, settings.preset, *parts, settings.retention_tier)
    updated_at = await connection.fetchval(STORE, project, *values)
    return replace(settings, updated_at=updated_at)


async def unpublished(connection: Connection) -> Sequence[SettingsRecord]:
    """What was stored but perhaps not published: the process died, or Kafka was away."""
    return [
        SettingsRecord(
            project=row["project"],
            version=row["version"],
            preset=row["preset"],
            policy=msgspec.json.decode(row["policy"]),
            risk=msgspec.json.decode(row["risk"]),
            health=msgspec.json.decode(row["health"]),
            mapping=msgspec.json.decode(row["mapping"], type=MappingOptions),
        )
        for row in await connection.fetch(UNPUBLISHED)
    ]


async def published(connection: Connection, project: str, version: int) -> None:
    """The broker has this version."""
    await connection.execute(PUBLISHED, project, version)
