"""Addresses of signals: their list, the live stream, rules on metrics, endpoints and their log."""

from http import HTTPStatus

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import alert_rules, alert_stream, alerts, delivery_log, webhook_endpoints

ENDPOINTS = "/api/webhook-endpoints"
ENDPOINT = f"{ENDPOINTS}/{{endpoint}}"

ALERT_ROUTES = (
    Route("GET", "/api/alerts", Scope.READ, alerts.alerts),
    Route("GET", "/api/alerts/stream", Scope.READ, alert_stream.alert_stream),
    Route("GET", "/api/alert-rules", Scope.READ, alert_rules.rule_list),
    Route("POST", "/api/alert-rules", Scope.ALERTS, alert_rules.add_rule, HTTPStatus.CREATED),
    Route("PATCH", "/api/alert-rules/{rule}", Scope.ALERTS, alert_rules.change_rule),
    Route("DELETE", "/api/alert-rules/{rule}", Scope.ALERTS, alert_rules.delete_rule, HTTPStatus.NO_CONTENT),
    Route("GET", ENDPOINTS, Scope.ALERTS, webhook_endpoints.endpoint_list),
    Route("POST", ENDPOINTS, Scope.ALERTS, webhook_endpoints.add_endpoint, HTTPStatus.CREATED),
    Route("GET", ENDPOINT, Scope.ALERTS, webhook_endpoints.show_endpoint),
    Route("PATCH", ENDPOINT, Scope.ALERTS, webhook_endpoints.change_endpoint),
    Route("DELETE", ENDPOINT, Scope.ALERTS, webhook_endpoints.delete_endpoint, HTTPStatus.NO_CONTENT),
    Route("POST", f"{ENDPOINT}/rotate-secret", Scope.ALERTS, webhook_endpoints.rotate_secret, HTTPStatus.CREATED),
    Route("POST", f"{ENDPOINT}/test", Scope.ALERTS, webhook_endpoints.send_test, HTTPStatus.ACCEPTED),
    Route("GET", f"{ENDPOINT}/deliveries", Scope.ALERTS, delivery_log.delivery_list),
    Route(
        "POST",
        f"{ENDPOINT}/deliveries/{{delivery}}/redeliver",
        Scope.ALERTS,
        delivery_log.redeliver,
        HTTPStatus.ACCEPTED,
    ),
)
