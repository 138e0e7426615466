"""Addresses of one signal, and of what people make of it."""

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import alert_decisions
from services.api.models.signals import DecidedSignal, Signal
from services.api.promise import Promise

ALERT = "/api/alerts/{alert}"
DECIDED = Promise(DecidedSignal, codes=("signal_resolved",))
SNOOZED = Promise(DecidedSignal, body=alert_decisions.SnoozeBody, codes=("signal_resolved",))

DECISION_ROUTES = (
    Route("GET", ALERT, Scope.READ, alert_decisions.show_alert, Promise(Signal)),
    Route("POST", f"{ALERT}/acknowledge", Scope.ALERTS, alert_decisions.acknowledge, DECIDED),
    Route("POST", f"{ALERT}/snooze", Scope.ALERTS, alert_decisions.snooze, SNOOZED),
    Route("POST", f"{ALERT}/reopen", Scope.ALERTS, alert_decisions.reopen, DECIDED),
)
