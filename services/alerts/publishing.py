"""The alerts service's records, ready to be sent: topic, key, value, headers."""

from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from libs.domain.health import Health
from libs.domain.identity import ClientId, CustomerId, ProjectId
from libs.domain.risk import Assessment, ClientRisk, Signal, SignalStatus
from libs.runtime.faust_batch import Output
from libs.wire.activity import RiskMoved
from libs.wire.codec import encode, record_key
from libs.wire.headers import cloud_event
from libs.wire.records import HealthPartTold, HealthRecord
from libs.wire.risk_codec import signal_record
from libs.wire.state_codec import encode_facts
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY, CLIENT_HEALTH
from services.alerts.measures import SIGNALS

SERVICE = "alerts"
SOURCE = f"revstream/{SERVICE}"
_encoder = msgspec.msgpack.Encoder()


def signal_output(signal: Signal, livemode: bool) -> Output:
    """One state of a signal for `churn.signals`. The event's id follows from what it says: a repeat has the same."""
    SIGNALS.labels(signal.rule.value, signal.status.value).inc()
    value = encode(signal_record(signal, livemode))
    headers = cloud_event(
        f"{signal.id}:{blake2b(value, digest_size=8).hexdigest()}",
        f"churn.signal.{signal.status.value}",
        SOURCE,
        signal.updated_at,
        f"{signal.project}/{signal.client}",
    )
    return CHURN_SIGNALS.name, record_key(signal.project, signal.client), value, headers


def health_record(health: Health, found: Assessment, livemode: bool) -> HealthRecord:
    """A client's health as `clients.health` tells it."""
    context = found.context
    return HealthRecord(
        project=context.project,
        client=context.client,
        livemode=livemode,
        score=health.score,
        parts=tuple(HealthPartTold(one.name, one.weight, one.value, one.why) for one in health.parts),
        open_signals=sum(one.status is not SignalStatus.RESOLVED for one in found.signals),
        as_of=context.now,
    )


def health_mark(record: HealthRecord) -> bytes:
    """Equal for two that tell readers the same, whenever they were computed."""
    told = record.livemode, record.score, record.parts, record.open_signals
    return blake2b(_encoder.encode(told), digest_size=12).digest()


def health_output(record: HealthRecord) -> Output:
    """A client's health for `clients.health`."""
    subject = f"{record.project}/{record.client}"
    event_id = f"{record.client}:{int(record.as_of.timestamp())}:{health_mark(record).hex()}"
    headers = cloud_event(event_id, "client.health", SOURCE, record.as_of, subject)
    return CLIENT_HEALTH.name, record_key(record.project, record.client), encode(record), headers


def moved_record(project: ProjectId, to: tuple[CustomerId, ClientId], facts: ClientRisk, livemode: bool) -> RiskMoved:
    """What happened to a customer, for the client that it went to. The same facts give the same id."""
    customer, client = to
    told = encode_facts(facts)
    name = f"{customer}:{blake2b(bytes(told), digest_size=8).hexdigest()}"
    return RiskMoved(id=name, project=project, client=client, customer=customer, livemode=livemode, facts=told)


def moved_output(record: RiskMoved) -> Output:
    """What happened to a customer, for `client.activity`."""
    subject = f"{record.project}/{record.client}"
    headers = cloud_event(record.id, "client.risk_moved", SOURCE, datetime.now(UTC), subject)
    return CLIENT_ACTIVITY.name, record_key(record.project, record.client), encode(record), headers
