"""`/api/integrations/stripe/settings`: how a project counts, and when its accounts are read.

How it counts is stored, then published before the answer.
"""

from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from libs.domain.policy import PolicyError
from libs.domain.schedule import Interval, Schedule
from libs.runtime.kafka import KafkaUnavailable
from libs.wire.contribution_codec import exact_text
from libs.wire.records import SettingsRecord
from services.api.answers import answer
from services.api.asked import Asked
from services.api.audit import Action, audit, entry
from services.api.mapping_options import MappingBody
from services.api.parameters import Body, Query
from services.api.problems import FieldError, Refused, bad_body, not_now
from services.api.queries import ledger, projects, schedules, settings
from services.api.queries.projects import ProjectSettings
from services.api.risk_options import health_content, health_with, risk_content, risk_with
from services.api.schedule_settings import BusinessHours, ScheduleChange, schedule_content

# Null is a value of these options (without limit, without base currency); of the others it takes the preset's back.
NULLABLE = frozenset({"past_due_churn_after_days", "reactivation_window_days", "late_window_days", "base_currency"})


class SettingsBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change. A new preset keeps the options; `base_currency`, `fx` and `timezone` are options by name."""

    preset: Annotated[str, msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    policy: dict[str, object] = msgspec.field(default_factory=dict)
    base_currency: object = msgspec.UNSET
    fx: object = msgspec.UNSET
    timezone: object = msgspec.UNSET
    risk: dict[str, object] = msgspec.field(default_factory=dict)
    health: dict[str, object] = msgspec.field(default_factory=dict)
    business_hours: BusinessHours | None = None
    sync_interval: Interval | None = None
    mapping: MappingBody = MappingBody()
    retention_tier: Literal["3_days", "30_days", "unlimited"] | None = None

    @property
    def is_of_schedule_alone(self) -> bool:
        """Whether nothing changes of how the project counts."""
        of_schedule = self.business_hours is not None or self.sync_interval is not None
        return (
            of_schedule
            and self.preset is msgspec.UNSET
            and not (self.policy or self.options() or self.risk or self.health or self.retention_tier)
            and self.mapping == MappingBody()
        )

    def schedule(self, held: Schedule) -> Schedule:
        """When accounts are read by themselves, with the change in it. Raises Refused."""
        return ScheduleChange(business_hours=self.business_hours, sync_interval=self.sync_interval).applied(held)

    def options(self) -> dict[str, object]:
        """All options that the body names, wherever it names them."""
        named = {"base_currency": self.base_currency, "fx": self.fx, "timezone": self.timezone}
        given = {name: value for name, value in named.items() if value is not msgspec.UNSET}
        return {name: value for name, value in (self.policy | given).items() if name != "preset"}

    def preset_or(self, held: str) -> str:
        """The preset to take; the command line's files name it within the policy."""
        given = self.policy.get("preset", held) if self.preset is msgspec.UNSET else self.preset
        return given if isinstance(given, str) else repr(given)


async def show_settings(asked: Asked) -> web.Response:
    """What the project has set, and the policy that follows."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        held = await projects.settings(connection, asked.project)
        schedule = await schedules.schedule(connection, asked.project, held.policy().timezone)
        building = await ledger.building(connection, asked.project)
    return answer(settings_content(held, schedule) | ({"recounting": building} if building else {}))


async def change_settings(asked: Asked) -> web.Response:
    """Change how the project counts, and when its accounts are read. Raises Refused (400) naming a wrong option;
    (503) with Kafka away: stored then, and published when it is back."""
    body = await asked.body(SettingsBody)
    async with asked.database.writing(asked.project) as connection:
        await settings.lock(connection, asked.project)
        held = await projects.settings(connection, asked.project)
        changed = held
        if not body.is_of_schedule_alone:
            changed = await settings.store(connection, asked.project, merged(held, body))
        kept = await schedules.schedule(connection, asked.project, changed.policy().timezone)
        schedule = await schedules.store(connection, asked.project, body.schedule(kept))
        told = {"version": changed.version, "preset": changed.preset, "options": sorted(body.options())}
        await audit(connection, entry(asked, Action.SETTINGS_CHANGED, asked.project, **told))
    if changed is not held:
        await publish(asked, changed)
    return answer(settings_content(changed, schedule))


def merged(held: ProjectSettings, body: SettingsBody) -> ProjectSettings:
    """The settings with the change in them. Raises Refused for options that the rules don't know."""
    changed = held.options | body.options()
    options = {name: value for name, value in changed.items() if value is not None or name in NULLABLE}
    settings_now = ProjectSettings(
        held.version + 1,
        body.preset_or(held.preset),
        options,
        risk=risk_with(held.risk, body.risk),
        health=health_with(held.health, body.health),
        mapping=body.mapping.applied(held.mapping),
        retention_tier=body.retention_tier or held.retention_tier,
    )
    try:
        settings_now.policy()
    except PolicyError as error:
        field = "preset" if error.option == "preset" else f"policy.{error.option}"
        raise Refused(bad_body([FieldError(field, error.fault)])) from error
    return settings_now


def settings_content(held: ProjectSettings, schedule: Schedule) -> dict[str, object]:
    """`policy` is the whole policy in force, `options` what differs from the preset by the project's choice."""
    policy = held.policy()
    return {
        "version": held.version,
        "preset": held.preset,
        "policy": plain(policy),
        "options": held.options,
        "risk": risk_content(held.risk),
        "health": health_content(held.health),
        "mapping": held.mapping,
        "retention_tier": held.retention_tier,
        "base_currency": policy.base_currency,
        "timezone": policy.timezone,
        "updated_at": held.updated_at,
        **schedule_content(schedule),
    }


def plain(value: object) -> object:
    """A policy's values as JSON has them; fractions as text, as they are taken."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    match value:
        case Fraction():
            return exact_text(value)
        case Enum():
            return value.value
        case tuple():
            return [plain(each) for each in value]
        case _:
            return value


async def publish(asked: Asked, changed: ProjectSettings) -> None:
    """Tell the other services; returns once the broker has it. Raises Refused (503)."""
    record = SettingsRecord(
        project=asked.project,
        version=changed.version,
        preset=changed.preset,
        policy=changed.options,
        risk=changed.risk,
        health=changed.health,
        mapping=changed.mapping,
    )
    try:
        await asked.parts.settings.publish(record)
    except KafkaUnavailable as error:
        raise Refused(not_now("Kafka (the settings are stored and will be published when it is back)")) from error
    async with asked.database.writing(asked.project) as connection:
        await settings.published(connection, asked.project, changed.version)
