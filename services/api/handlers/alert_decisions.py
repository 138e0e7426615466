"""`POST /api/alerts/{id}/acknowledge`, `/snooze`, `/reopen`: what people make of a signal.

It goes to `client.activity`, where the alerts service takes it with all that happens to the client: so the change
comes back on `churn.signals` as any other, and a rebuilt table knows it again.
"""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import uuid4

import msgspec
from aiohttp import web

from libs.domain.risk import SignalRule
from libs.runtime.kafka import KafkaUnavailable
from libs.wire.activity import SignalDecision
from libs.wire.codec import decode, encode, record_key
from libs.wire.headers import cloud_event
from libs.wire.records import SignalRecord
from libs.wire.topics import CLIENT_ACTIVITY
from services.api.answers import answer
from services.api.asked import Asked
from services.api.metric_rules.episode import decided
from services.api.outlet import SOURCE, Outgoing
from services.api.parameters import Body, Query
from services.api.problems import FieldError, Problem, Refused, bad_body, not_found, not_now
from services.api.queries import alert_rules, signals
from services.api.sharing import shared
from services.api.signal_content import signal_content

LONGEST_SNOOZE = timedelta(days=365)
SHOWN = {"acknowledge": "acknowledged", "snooze": "snoozed", "reopen": "open"}
Verdict = Literal["acknowledge", "snooze", "reopen"]


class SnoozeBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when, or for how many hours from now."""

    until: datetime | None = None
    hours: Annotated[int, msgspec.Meta(ge=1, le=8760)] | None = None


@shared
async def show_alert(asked: Asked) -> web.Response:
    """One signal. Raises Refused (404)."""
    asked.query(Query)
    return answer(signal_content(await _held(asked)))


async def acknowledge(asked: Asked) -> web.Response:
    """Somebody has seen it. Raises Refused: 404, 409 for one that is resolved, 503 with Kafka away."""
    return await _decided(asked, "acknowledge", datetime.now(UTC), None)


async def snooze(asked: Asked) -> web.Response:
    """Not now. Raises Refused as `acknowledge`, and 400 for a time that has passed or is over a year away."""
    body, now = await asked.body(SnoozeBody), datetime.now(UTC)
    return await _decided(asked, "snooze", now, _until(body, now))


async def reopen(asked: Asked) -> web.Response:
    """Take an acknowledgement or a snooze back. Raises Refused as `acknowledge`."""
    return await _decided(asked, "reopen", datetime.now(UTC), None)


def _until(body: SnoozeBody, now: datetime) -> datetime:
    if (body.until is None) == (body.hours is None):
        raise Refused(bad_body([FieldError("until", "give either until or hours")]))
    if body.until is None:
        return now + timedelta(hours=body.hours or 0)
    if body.until.tzinfo is None or not now < body.until <= now + LONGEST_SNOOZE:
        raise Refused(bad_body([FieldError("until", "must be a time with its zone, within the year to come")]))
    return body.until


async def _held(asked: Asked) -> SignalRecord:
    wanted = asked.path("alert")
    async with asked.database.reading(asked.project) as connection:
        found = await signals.one(connection, asked.project, wanted)
    if found is None:
        raise Refused(not_found(f"signal {wanted}"))
    return decode(found, SignalRecord)


async def _decided(asked: Asked, verdict: Verdict, now: datetime, until: datetime | None) -> web.Response:
    held = await _held(asked)
    if held.status == "resolved":
        raise Refused(_resolved(held))
    if held.rule == SignalRule.METRIC_THRESHOLD:
        return await _decided_here(asked, held, verdict, until)
    at = max(now, held.updated_at)  # the account's clock may run ahead of ours; a test account's by months
    record = SignalDecision(
        id=f"dec_{uuid4().hex}",
        project=asked.project,
        client=held.client,
        signal=held.id,
        verdict=verdict,
        occurred_at=at,
        livemode=held.livemode,
        until=until,
    )
    try:
        await asked.parts.sender.send([_outgoing(record)])
    except KafkaUnavailable as error:
        raise Refused(not_now("Kafka")) from error
    shown = msgspec.structs.replace(held, updated_at=at, snoozed_until=until)
    return answer(signal_content(shown) | {"status": SHOWN[verdict], "decision": record.id})


async def _decided_here(asked: Asked, held: SignalRecord, verdict: Verdict, until: datetime | None) -> web.Response:
    """The API opens the signals of rules on metrics itself, so no topic is asked; the change goes out as all do."""
    async with asked.database.writing(asked.project) as connection:
        found = await alert_rules.signal(connection, asked.project, held.id)
        if found is None:
            raise Refused(not_found(f"signal {held.id}"))
        rule, newest = found
        if newest.status == "resolved":
            raise Refused(_resolved(newest))
        changed = decided(newest, verdict, datetime.now(UTC), until)
        await alert_rules.store(connection, rule, changed)
    return answer(signal_content(changed) | {"decision": f"dec_{uuid4().hex}"})


def _outgoing(record: SignalDecision) -> Outgoing:
    subject = f"{record.project}/{record.client}"
    headers = cloud_event(record.id, "client.signal_decision", SOURCE, record.occurred_at, subject)
    return Outgoing(CLIENT_ACTIVITY.name, record_key(record.project, record.client), encode(record), headers)


def _resolved(held: SignalRecord) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT,
        "signal_resolved",
        f"Signal {held.id} was resolved ({held.resolution}): nothing is left to decide.",
        "List the open ones at /api/alerts?status=open.",
    )
