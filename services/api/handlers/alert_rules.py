"""`/api/alert-rules`: thresholds on metrics and their changes."""

import secrets
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from services.api.answers import answer, nothing
from services.api.asked import Asked
from services.api.database import Connection
from services.api.metric_rules.condition import Condition, fault_of
from services.api.metric_rules.episode import MetricRule, resolved
from services.api.parameters import Body, Query
from services.api.problems import FieldError, Refused, bad_body, conflict, not_found
from services.api.queries import alert_rules
from services.api.queries.alert_rules import MOST_RULES, RuleFound, RuleTerms

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00:]+$")]
Severity = Literal["low", "medium", "high", "critical"]


class RuleBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    condition: Condition
    severity: Severity = "high"
    mode: Literal["live", "test"] = "live"
    enabled: bool = True


class RuleChangeBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    condition: Condition | msgspec.UnsetType = msgspec.UNSET
    severity: Severity | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


async def rule_list(asked: Asked) -> web.Response:
    """All rules of the project, each with what its metric was when it was last looked at."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        found = await alert_rules.rules(connection, asked.project)
    return answer({"data": [content(each) for each in found], "next_cursor": None})


async def add_rule(asked: Asked) -> web.Response:
    """A new rule, looked at within the next minute. Raises Refused (400) for what no metric can answer."""
    body = await asked.body(RuleBody)
    _require_sense(body.condition)
    new = f"rule_{secrets.token_hex(8)}"
    rule = MetricRule(asked.project, new, body.name, body.condition, body.severity, body.mode == "live")
    async with asked.database.writing(asked.project) as connection:
        if not await alert_rules.add(connection, rule, body.enabled, datetime.now(UTC)):
            hint = "Delete one that is not needed."
            raise Refused(conflict("too_many_rules", f"A project has at most {MOST_RULES} rules.", hint))
        return answer(content(await _existing(asked, connection, new)), HTTPStatus.CREATED)


async def change_rule(asked: Asked) -> web.Response:
    """Change what is named. A rule that is disabled, or asks something else, resolves the signal that it had opened."""
    body, now = await asked.body(RuleChangeBody), datetime.now(UTC)
    if body.condition is not msgspec.UNSET:
        _require_sense(body.condition)
    async with asked.database.writing(asked.project) as connection:
        held = await _existing(asked, connection, asked.path("rule"))
        terms = _merged(held.terms, body)
        await alert_rules.change(connection, asked.project, held.id, terms, now)
        if terms.condition != held.terms.condition or not terms.enabled:
            await _withdraw(connection, asked.project, held.id, now)
        return answer(content(await _existing(asked, connection, held.id)))


async def delete_rule(asked: Asked) -> web.Response:
    """Ask it no more; the signal that it had opened is resolved."""
    rule = asked.path("rule")
    async with asked.database.writing(asked.project) as connection:
        if not await alert_rules.delete(connection, asked.project, rule):
            raise Refused(not_found(f"alert rule {rule}"))
        await _withdraw(connection, asked.project, rule, datetime.now(UTC))
    return nothing()


def content(found: RuleFound) -> dict[str, object]:
    """A rule as answers show it. `value` is exact."""
    return {
        "id": found.id,
        "name": found.terms.name,
        "condition": msgspec.to_builtins(found.terms.condition),
        "severity": found.terms.severity,
        "mode": "live" if found.livemode else "test",
        "enabled": found.terms.enabled,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "evaluated_at": found.evaluated_at,
        "value": found.value,
    }


def _merged(held: RuleTerms, body: RuleChangeBody) -> RuleTerms:
    return RuleTerms(
        held.name if body.name is msgspec.UNSET else body.name,
        held.condition if body.condition is msgspec.UNSET else body.condition,
        held.severity if body.severity is msgspec.UNSET else body.severity,
        held.enabled if body.enabled is msgspec.UNSET else body.enabled,
    )


async def _existing(asked: Asked, connection: Connection, rule: str) -> RuleFound:
    found = await alert_rules.rules(connection, asked.project, rule)
    if not found:
        raise Refused(not_found(f"alert rule {rule}"))
    return found[0]


async def _withdraw(connection: Connection, project: str, rule: str, now: datetime) -> None:
    held = await alert_rules.latest(connection, project, rule)
    if held is not None and held.status != "resolved":
        await alert_rules.store(connection, rule, resolved(held, "withdrawn", now))


def _require_sense(condition: Condition) -> None:
    fault = fault_of(condition)
    if fault is not None:
        field = "condition.value" if condition.is_change and "percent" in fault else "condition.metric"
        raise Refused(bad_body([FieldError(field, fault)]))
