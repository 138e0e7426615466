"""Addresses of one signal, and of what people make of it."""

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import alert_decisions

ALERT = "/api/alerts/{alert}"

DECISION_ROUTES = (
    Route("GET", ALERT, Scope.READ, alert_decisions.show_alert),
    Route("POST", f"{ALERT}/acknowledge", Scope.ALERTS, alert_decisions.acknowledge),
    Route("POST", f"{ALERT}/snooze", Scope.ALERTS, alert_decisions.snooze),
    Route("POST", f"{ALERT}/reopen", Scope.ALERTS, alert_decisions.reopen),
)
