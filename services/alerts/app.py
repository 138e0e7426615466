"""The topology: `client.activity` → signals → `churn.signals`."""

import structlog

from libs.runtime.faust_batch import BatchApp, Output, RecordTooLarge, StageSpec, batch_app, stage
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY
from services.alerts.clients import SignalStage
from services.alerts.settings import AlertsSettings

log = structlog.get_logger(__name__)


def signals_app(settings: AlertsSettings) -> BatchApp:
    """The Faust app with its one stage."""
    app = batch_app(settings.worker())
    stage(
        app,
        StageSpec(
            name="signals",
            source=CLIENT_ACTIVITY.name,
            targets=(CHURN_SIGNALS.name, CLIENT_ACTIVITY.dead_letters),
            compute=SignalStage().compute,
            on_too_large=_too_large,
        ),
    )
    return app


def _too_large(error: RecordTooLarge) -> list[Output]:
    # What was known before stays in force; a client with megabytes of trouble is a fault that people must see.
    log.error("record_too_large", topic=error.topic, key=error.key, size=error.size, limit=error.limit)
    return []
