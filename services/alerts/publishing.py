"""The alerts service's records, ready to be sent: topic, key, value, headers."""

from hashlib import blake2b

from libs.domain.risk import Signal
from libs.runtime.faust_batch import Output
from libs.wire.codec import encode, record_key
from libs.wire.headers import cloud_event
from libs.wire.risk_codec import signal_record
from libs.wire.topics import CHURN_SIGNALS
from services.alerts.measures import SIGNALS

SERVICE = "alerts"
SOURCE = f"revstream/{SERVICE}"


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
