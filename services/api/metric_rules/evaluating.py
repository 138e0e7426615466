"""The leader's rounds: each rule against the read model; what changed to `churn.signals`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from libs.domain.metrics import Period
from libs.wire.codec import encode, record_key
from libs.wire.headers import cloud_event
from libs.wire.records import SignalRecord
from libs.wire.topics import CHURN_SIGNALS
from services.api.database import Connection, Database
from services.api.freshness import freshness
from services.api.measuring import Question, measured
from services.api.metric_rules.condition import Condition, Reading, reading_of
from services.api.metric_rules.episode import MetricRule, after
from services.api.outlet import SOURCE, Outgoing, Sender
from services.api.queries import alert_rules, ledger, projects
from services.api.series import NEEDS, values

MOST_LAG = timedelta(minutes=5)

logger = structlog.get_logger(__name__)


async def evaluate_all(database: Database, clock: Callable[[], datetime]) -> None:
    """Every rule of every project, each in a transaction of its own. Raises one of UNREACHABLE."""
    async with database.every_project() as connection:
        places = await alert_rules.enabled(connection)
    for project, rule in places:
        async with database.every_project() as connection:
            await evaluate_rule(connection, project, rule, clock())


async def evaluate_rule(connection: Connection, project: str, rule_id: str, now: datetime) -> None:
    """One rule. A read model that is far behind tells nothing of now, so nothing changes then."""
    rule = await alert_rules.locked(connection, project, rule_id)
    as_of = (await freshness(connection)).as_of
    if rule is None or as_of is None or now - as_of > MOST_LAG:
        return
    reading = await read(connection, rule, now)
    await alert_rules.evaluated(connection, rule, now, None if reading.now is None else str(reading.now))
    changed = after(rule, await alert_rules.latest(connection, project, rule_id), reading, now)
    if changed is not None:
        await alert_rules.store(connection, rule_id, changed)
        logger.info("metric_signal_changed", project=project, rule=rule_id, signal=changed.id, status=changed.status)


async def read(connection: Connection, rule: MetricRule, now: datetime) -> Reading:
    """The metric in the days that end today in the project's zone, and in as many before."""
    policy = (await projects.settings(connection, rule.project)).policy()
    scope = await ledger.scope(connection, rule.project, rule.livemode, policy.timezone)
    policy = replace(policy, timezone=scope.timezone)
    periods = periods_of(rule.condition, now, scope.timezone)
    wanted = NEEDS[rule.condition.metric]
    figures = await measured(connection, Question(scope, policy, periods, wanted))
    before, current = values(rule.condition.metric, figures, policy)
    return reading_of(rule.condition, current, before)


def periods_of(condition: Condition, now: datetime, timezone: str) -> tuple[Period, Period]:
    """The days before, and the days that end today."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    first = today - timedelta(days=condition.days - 1)
    length = timedelta(days=condition.days)
    return Period(first - length, first - timedelta(days=1)), Period(first, today)


async def publish(database: Database, sender: Sender) -> None:
    """Publish each signal that changed. Raises KafkaUnavailable; what was not acknowledged is published again."""
    async with database.every_project() as connection:
        waiting = await alert_rules.unpublished(connection)
    for each in waiting:
        await sender.send([outgoing(each.record)])
        async with database.every_project() as connection:
            await alert_rules.published(connection, each)


def outgoing(record: SignalRecord) -> Outgoing:
    """A state of the signal for `churn.signals`."""
    change_id = f"{record.id}:{int(record.updated_at.timestamp() * 1000)}:{record.status}"
    subject = f"{record.project}/{record.client}"
    headers = cloud_event(change_id, f"churn.signal.{record.status}", SOURCE, record.updated_at, subject)
    return Outgoing(CHURN_SIGNALS.name, record_key(record.project, record.client), encode(record), headers)
