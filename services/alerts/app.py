"""The topology: `client.activity` → signals → `churn.signals`."""

from libs.runtime.faust_batch import BatchApp, StageSpec, batch_app, stage
from libs.runtime.too_large import told_and_left_out
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY
from services.alerts.clients import SignalStage
from services.alerts.settings import AlertsSettings


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
            on_too_large=told_and_left_out,
        ),
    )
    return app
