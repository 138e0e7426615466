"""Operations that take no key of the API: health, the dashboard's session, the way back from Stripe, and webhooks."""

from http import HTTPStatus

from libs.runtime.health import Readiness
from services.api.dashboard.session import LoginBody, Sessions
from services.api.handlers.oauth_callback import Returned, oauth_callback
from services.api.models.access import Alive, Ready, Session
from services.api.models.stripe import Connected
from services.api.openapi.operations import Operation
from services.api.openapi.schemas import Json
from services.api.promise import Promise, nothing
from services.api.public import STRIPE_CALLBACK

OF_CALLBACK = (
    "oauth_not_configured",
    "oauth_response_invalid",
    "oauth_state_invalid",
    "oauth_state_used",
    "oauth_state_expired",
    "oauth_key_revoked",
    "oauth_access_denied",
    "oauth_failed_at_stripe",
    "oauth_code_used",
    "oauth_wrong_scope",
    "oauth_wrong_mode",
    "oauth_code_refused",
    "oauth_platform_key_refused",
    "oauth_outcome_unknown",
    "unauthorized",
)
OF_WEBHOOK = (
    "signature_invalid",
    "event_malformed",
    "body_incomplete",
    "not_found",
    "body_too_large",
    "encoding_not_supported",
    "request_too_slow",
    "too_many_requests",
    "not_now",
    "secrets_unreadable",
)
CALLBACK = Promise(Connected, Returned, also=((HTTPStatus.SEE_OTHER, None),), codes=OF_CALLBACK)
LOGIN = Promise(Session, body=LoginBody, codes=("unauthorized", "foreign_page"))
READY = Promise(Ready, also=((HTTPStatus.SERVICE_UNAVAILABLE, Ready),))
TEXT = "text/plain"
LOGGED_OUT = "Forget the dashboard's cookie."
PROMETHEUS = "Counters and histograms as Prometheus reads them."

SESSION = Promise(Session, codes=("unauthorized",))

UNKEYED = (
    Operation("GET", STRIPE_CALLBACK, None, "oauth_callback", oauth_callback.__doc__ or "", CALLBACK),
    Operation("GET", "/session", None, "session", Sessions.who.__doc__ or "", SESSION),
    Operation("POST", "/session", None, "login", Sessions.login.__doc__ or "", LOGIN),
    Operation("DELETE", "/session", None, "logout", LOGGED_OUT, nothing("foreign_page")),
    Operation("GET", "/healthz", None, "alive", "Whether the process lives.", Promise(Alive)),
    Operation("GET", "/readyz", None, "ready", Readiness.report.__doc__ or "", READY),
    Operation("GET", "/metrics", None, "prometheus", PROMETHEUS, Promise(str, media=TEXT)),
)
WEBHOOK_PATH = "/webhooks/stripe/{project}"
WEBHOOK_TEXT = (
    "Where Stripe sends events: verified against the project's signing secrets, stored, then acknowledged. It is "
    "another process with an address of its own; `webhook_url` of the status tells the whole address."
)


def webhook_operation(webhook_base: str, refusals: Json) -> Json:
    """The one operation of ingest."""
    signature = {
        "name": "Stripe-Signature",
        "in": "header",
        "required": True,
        "description": "Stripe's proof: `t=…,v1=…`, not older than five minutes.",
        "schema": {"type": "string"},
    }
    project = {
        "name": "project",
        "in": "path",
        "required": True,
        "description": "As `revstream keys create` prints it.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"},
    }
    return {
        "operationId": "stripe_webhook",
        "tags": ["webhooks"],
        "summary": "Where Stripe sends events",
        "description": WEBHOOK_TEXT,
        "servers": [{"url": webhook_base, "description": "ingest"}],
        "security": [],
        "parameters": [project, signature],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {
            "200": {
                "description": "Stored, or none of ours: Stripe need not send it again.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **refusals,
        },
    }
