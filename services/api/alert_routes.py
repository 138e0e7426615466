"""Addresses of signals: their list, the live stream, rules on metrics, endpoints and their log."""

from http import HTTPStatus

from libs.runtime.api_keys import Scope
from services.api.asked import Route
from services.api.handlers import alert_rules, alert_stream, alerts, delivery_log, webhook_endpoints
from services.api.models import endpoints as of_endpoints
from services.api.models.signals import MetricRule, MetricRules, SignalsPage
from services.api.promise import EVENTS, Promise, nothing

RULES = "/api/alert-rules"
RULE = f"{RULES}/{{rule}}"
ENDPOINTS = "/api/webhook-endpoints"
ENDPOINT = f"{ENDPOINTS}/{{endpoint}}"
DELIVERIES = f"{ENDPOINT}/deliveries"

STREAM = Promise(str, alert_stream.StreamQuery, media=EVENTS)
NEW_RULE = Promise(MetricRule, body=alert_rules.RuleBody, status=HTTPStatus.CREATED, codes=("too_many_rules",))
CHANGED_RULE = Promise(MetricRule, body=alert_rules.RuleChangeBody)
NEW_ENDPOINT = Promise(
    of_endpoints.NewEndpoint,
    body=webhook_endpoints.EndpointBody,
    status=HTTPStatus.CREATED,
    codes=("too_many_endpoints", "url_not_allowed"),
)
CHANGED_ENDPOINT = Promise(of_endpoints.Endpoint, body=webhook_endpoints.EndpointChangeBody, codes=("url_not_allowed",))
NEW_SECRET = Promise(of_endpoints.NewSecret, status=HTTPStatus.CREATED)
QUEUED = Promise(of_endpoints.Queued, status=HTTPStatus.ACCEPTED, codes=("endpoint_disabled",))
LOG = Promise(of_endpoints.Deliveries, delivery_log.LogQuery)

ALERT_ROUTES = (
    Route("GET", "/api/alerts", Scope.READ, alerts.alerts, Promise(SignalsPage, alerts.AlertsQuery)),
    Route("GET", "/api/alerts/stream", Scope.READ, alert_stream.alert_stream, STREAM),
    Route("GET", RULES, Scope.READ, alert_rules.rule_list, Promise(MetricRules)),
    Route("POST", RULES, Scope.ALERTS, alert_rules.add_rule, NEW_RULE),
    Route("PATCH", RULE, Scope.ALERTS, alert_rules.change_rule, CHANGED_RULE),
    Route("DELETE", RULE, Scope.ALERTS, alert_rules.delete_rule, nothing()),
    Route("GET", ENDPOINTS, Scope.ALERTS, webhook_endpoints.endpoint_list, Promise(of_endpoints.Endpoints)),
    Route("POST", ENDPOINTS, Scope.ALERTS, webhook_endpoints.add_endpoint, NEW_ENDPOINT),
    Route("GET", ENDPOINT, Scope.ALERTS, webhook_endpoints.show_endpoint, Promise(of_endpoints.Endpoint)),
    Route("PATCH", ENDPOINT, Scope.ALERTS, webhook_endpoints.change_endpoint, CHANGED_ENDPOINT),
    Route("DELETE", ENDPOINT, Scope.ALERTS, webhook_endpoints.delete_endpoint, nothing()),
    Route("POST", f"{ENDPOINT}/rotate-secret", Scope.ALERTS, webhook_endpoints.rotate_secret, NEW_SECRET),
    Route("POST", f"{ENDPOINT}/test", Scope.ALERTS, webhook_endpoints.send_test, QUEUED),
    Route("GET", DELIVERIES, Scope.ALERTS, delivery_log.delivery_list, LOG),
    Route("POST", f"{DELIVERIES}/{{delivery}}/redeliver", Scope.ALERTS, delivery_log.redeliver, QUEUED),
)
