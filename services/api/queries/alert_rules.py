"""Rules on metrics, and the signals that they opened."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from libs.wire.codec import decode, encode
from libs.wire.records import SignalRecord
from services.api.database import Connection
from services.api.metric_rules.condition import Condition
from services.api.metric_rules.episode import MetricRule

MOST_RULES = 100
LOCK_PROJECT = "SELECT FROM projects WHERE id = $1 FOR UPDATE"
COUNT = "SELECT count(*) FROM alert_rules WHERE project = $1"
LIST = """
SELECT id, name, condition::text AS condition, severity, livemode, enabled, created_at, updated_at, evaluated_at, value
FROM alert_rules WHERE project = $1 AND ($2::text IS NULL OR id = $2) ORDER BY created_at, id
"""
ADD = """
INSERT INTO alert_rules (project, id, name, condition, severity, livemode, enabled, created_at, updated_at)
VALUES ($1, $2, $3, $4::text::jsonb, $5, $6, $7, $8, $8)
"""
CHANGE = """
UPDATE alert_rules SET name = $3, condition = $4::text::jsonb, severity = $5, enabled = $6, updated_at = $7,
    evaluated_at = NULL, value = NULL
WHERE project = $1 AND id = $2
"""
DELETE = "DELETE FROM alert_rules WHERE project = $1 AND id = $2"
ENABLED = "SELECT project, id FROM alert_rules WHERE enabled ORDER BY project, id"
LOCK = """
SELECT project, id, name, condition::text AS condition, severity, livemode FROM alert_rules
WHERE project = $1 AND id = $2 AND enabled FOR UPDATE
"""
EVALUATED = "UPDATE alert_rules SET evaluated_at = $3, value = $4 WHERE project = $1 AND id = $2"
LATEST = """
SELECT record FROM metric_signals WHERE project = $1 AND rule = $2 ORDER BY opened_at DESC, id DESC LIMIT 1 FOR UPDATE
"""
ONE_SIGNAL = "SELECT rule, record FROM metric_signals WHERE project = $1 AND id = $2 FOR UPDATE"
STORE = """
INSERT INTO metric_signals AS held (project, id, rule, status, opened_at, record, changed)
VALUES ($1, $2, $3, $4, $5, $6, 1)
ON CONFLICT (project, id) DO UPDATE SET
    status = excluded.status, record = excluded.record, changed = held.changed + 1
"""
UNPUBLISHED = "SELECT project, id, record, changed FROM metric_signals WHERE published < changed ORDER BY project, id"
PUBLISHED = "UPDATE metric_signals SET published = greatest(published, $3) WHERE project = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class RuleTerms:
    name: str
    condition: Condition
    severity: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class RuleFound:
    id: str
    terms: RuleTerms
    livemode: bool
    created_at: datetime
    updated_at: datetime
    evaluated_at: datetime | None
    value: str | None


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A signal's newest record; `changed` counts its changes."""

    record: SignalRecord
    changed: int


async def rules(connection: Connection, project: str, rule: str | None = None) -> list[RuleFound]:
    """All rules of the project, or the one."""
    return [_found(row) for row in await connection.fetch(LIST, project, rule)]


async def add(connection: Connection, rule: MetricRule, enabled: bool, now: datetime) -> bool:
    """Keep a rule; False where the project has as many as it may."""
    await connection.execute(LOCK_PROJECT, rule.project)
    if await connection.fetchval(COUNT, rule.project) >= MOST_RULES:
        return False
    kept = (rule.name, _json(rule.condition), rule.severity, rule.livemode, enabled, now)
    await connection.execute(ADD, rule.project, rule.id, *kept)
    return True


async def change(connection: Connection, project: str, rule: str, terms: RuleTerms, now: datetime) -> None:
    """Let it ask something else from now on."""
    kept = (terms.name, _json(terms.condition), terms.severity, terms.enabled, now)
    await connection.execute(CHANGE, project, rule, *kept)


async def delete(connection: Connection, project: str, rule: str) -> bool:
    """Forget a rule; False where there is none of that id."""
    return await connection.execute(DELETE, project, rule) == "DELETE 1"


async def enabled(connection: Connection) -> list[tuple[str, str]]:
    """Every rule that is to be evaluated, of all projects."""
    return [(row["project"], row["id"]) for row in await connection.fetch(ENABLED)]


async def locked(connection: Connection, project: str, rule: str) -> MetricRule | None:
    """The rule, held until the transaction ends; None where it is gone or disabled."""
    row = await connection.fetchrow(LOCK, project, rule)
    if row is None:
        return None
    return MetricRule(**{**row, "condition": msgspec.json.decode(row["condition"], type=Condition)})


async def evaluated(connection: Connection, rule: MetricRule, now: datetime, value: str | None) -> None:
    """Note what the metric was."""
    await connection.execute(EVALUATED, rule.project, rule.id, now, value)


async def latest(connection: Connection, project: str, rule: str) -> SignalRecord | None:
    """The signal that the rule opened last."""
    found = await connection.fetchval(LATEST, project, rule)
    return None if found is None else decode(found, SignalRecord)


async def signal(connection: Connection, project: str, signal_id: str) -> tuple[str, SignalRecord] | None:
    """A rule's id and the signal of this id that it opened."""
    row = await connection.fetchrow(ONE_SIGNAL, project, signal_id)
    return None if row is None else (row["rule"], decode(row["record"], SignalRecord))


async def store(connection: Connection, rule: str, record: SignalRecord) -> None:
    """Keep a signal's change, to be published."""
    kept = (record.project, record.id, rule, record.status, record.opened_at, encode(record))
    await connection.execute(STORE, *kept)


async def unpublished(connection: Connection) -> list[Unpublished]:
    """What `churn.signals` may not know yet."""
    rows = await connection.fetch(UNPUBLISHED)
    return [Unpublished(decode(row["record"], SignalRecord), row["changed"]) for row in rows]


async def published(connection: Connection, told: Unpublished) -> None:
    """The broker has this change."""
    await connection.execute(PUBLISHED, told.record.project, told.record.id, told.changed)


def _found(row: asyncpg.Record) -> RuleFound:
    condition = msgspec.json.decode(row["condition"], type=Condition)
    terms = RuleTerms(row["name"], condition, row["severity"], row["enabled"])
    rest = ("livemode", "created_at", "updated_at", "evaluated_at", "value")
    return RuleFound(row["id"], terms, *(row[name] for name in rest))


def _json(condition: Condition) -> str:
    return msgspec.json.encode(condition).decode()
