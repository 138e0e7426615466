"""Every address of the API, the scope that it needs, and who answers."""

from http import HTTPStatus

from libs.runtime.api_keys import Scope
from services.api.alert_routes import ALERT_ROUTES
from services.api.asked import Route
from services.api.client_routes import CLIENT_ROUTES
from services.api.decision_routes import DECISION_ROUTES
from services.api.handlers import (
    audit_log,
    connect,
    disconnect,
    explain,
    keys,
    oauth_start,
    projects,
    settings,
    status,
    syncs,
    webhook_secrets,
)
from services.api.revenue_routes import REVENUE_ROUTES

STRIPE = "/api/integrations/stripe"

ROUTES = (
    *REVENUE_ROUTES,
    *CLIENT_ROUTES,
    Route("GET", "/api/mrr/explain", Scope.READ, explain.explain_client),
    *ALERT_ROUTES,
    *DECISION_ROUTES,
    Route("GET", "/api/keys", Scope.ADMIN, keys.key_list),
    Route("POST", "/api/keys", Scope.ADMIN, keys.make_key, HTTPStatus.CREATED),
    Route("DELETE", "/api/keys/{key}", Scope.ADMIN, keys.revoke_key, HTTPStatus.NO_CONTENT),
    Route("GET", "/api/audit-log", Scope.ADMIN, audit_log.audit_log),
    Route("GET", "/api/projects", Scope.ADMIN, projects.project_list),
    Route("POST", "/api/projects", Scope.ADMIN, projects.make_project, HTTPStatus.CREATED),
    Route("GET", f"{STRIPE}/webhook-secrets", Scope.ADMIN, webhook_secrets.secret_list),
    Route("POST", f"{STRIPE}/webhook-secrets", Scope.ADMIN, webhook_secrets.add_secret, HTTPStatus.CREATED),
    Route(
        "DELETE",
        f"{STRIPE}/webhook-secrets/{{secret}}",
        Scope.ADMIN,
        webhook_secrets.revoke_secret,
        HTTPStatus.NO_CONTENT,
    ),
    Route("GET", f"{STRIPE}/start", Scope.ADMIN, oauth_start.start_oauth),
    Route("POST", f"{STRIPE}/key", Scope.ADMIN, connect.connect_by_key, HTTPStatus.CREATED),
    Route("DELETE", STRIPE, Scope.ADMIN, disconnect.disconnect, HTTPStatus.NO_CONTENT),
    Route("GET", f"{STRIPE}/status", Scope.READ, status.stripe_status),
    Route("POST", f"{STRIPE}/sync", Scope.SYNC, syncs.start_sync, HTTPStatus.ACCEPTED),
    Route("GET", f"{STRIPE}/syncs", Scope.READ, syncs.sync_list),
    Route("GET", f"{STRIPE}/syncs/{{run}}", Scope.READ, syncs.sync_run),
    Route("DELETE", f"{STRIPE}/syncs/{{run}}", Scope.SYNC, syncs.cancel_sync),
    Route("GET", f"{STRIPE}/settings", Scope.READ, settings.show_settings),
    Route("PATCH", f"{STRIPE}/settings", Scope.ADMIN, settings.change_settings),
)
