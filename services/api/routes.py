"""Every address of the API, the scope that it needs, who answers, and what it takes and gives."""

from http import HTTPStatus

from libs.runtime.api_keys import Scope
from services.api.alert_routes import ALERT_ROUTES
from services.api.asked import Route
from services.api.client_routes import CLIENT_ROUTES
from services.api.decision_routes import DECISION_ROUTES
from services.api.handlers import audit_log, explain, keys, projects
from services.api.models import access
from services.api.models.ledger import Explained
from services.api.promise import Promise, nothing
from services.api.revenue_routes import REVENUE_ROUTES
from services.api.stripe_routes import STRIPE_ROUTES

EXPLAIN = Promise(Explained, explain.ExplainQuery, codes=("not_found",))
NEW_KEY = Promise(access.NewKey, body=keys.KeyBody, status=HTTPStatus.CREATED)
NEW_PROJECT = Promise(
    access.NewProject, body=projects.ProjectBody, status=HTTPStatus.CREATED, codes=("project_exists",)
)

ROUTES = (
    *REVENUE_ROUTES,
    *CLIENT_ROUTES,
    Route("GET", "/api/mrr/explain", Scope.READ, explain.explain_client, EXPLAIN),
    *ALERT_ROUTES,
    *DECISION_ROUTES,
    Route("GET", "/api/keys", Scope.ADMIN, keys.key_list, Promise(access.Keys)),
    Route("POST", "/api/keys", Scope.ADMIN, keys.make_key, NEW_KEY),
    Route("DELETE", "/api/keys/{key}", Scope.ADMIN, keys.revoke_key, nothing()),
    Route("GET", "/api/audit-log", Scope.ADMIN, audit_log.audit_log, Promise(access.AuditPage, audit_log.AuditQuery)),
    Route("GET", "/api/projects", Scope.ADMIN, projects.project_list, Promise(access.Projects)),
    Route("POST", "/api/projects", Scope.ADMIN, projects.make_project, NEW_PROJECT),
    *STRIPE_ROUTES,
)
