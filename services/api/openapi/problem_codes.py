"""Every code of a problem: its status, and what it means. Codes are contract: they never change their meaning."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus as S

CODES: Mapping[str, tuple[S, str]] = {
    "bad_request": (S.BAD_REQUEST, "The request is not valid HTTP, or its headers are too large."),
    "invalid_query": (S.BAD_REQUEST, "Parameters are unknown, repeated, missing or wrong: each is named in `errors`."),
    "invalid_body": (S.BAD_REQUEST, "The body can't be read, or says what makes no sense: see `errors`."),
    "body_incomplete": (S.BAD_REQUEST, "The body ended early."),
    "unauthorized": (S.UNAUTHORIZED, "No valid API key came with the request."),
    "missing_scope": (S.FORBIDDEN, "The key lacks the scope that the address needs."),
    "foreign_page": (S.FORBIDDEN, "A change rests on the dashboard's cookie, but does not come from the dashboard."),
    "not_found": (S.NOT_FOUND, "The project has nothing of that id (nor tells whether another has)."),
    "method_not_allowed": (S.METHOD_NOT_ALLOWED, "The address takes other methods: see `Allow`."),
    "request_too_slow": (S.REQUEST_TIMEOUT, "The request did not arrive in time."),
    "precondition_failed": (S.PRECONDITION_FAILED, "The entry is not the one that `If-Match` names."),
    "body_too_large": (S.REQUEST_ENTITY_TOO_LARGE, "The body is larger than the address takes."),
    "too_many_rows": (S.REQUEST_ENTITY_TOO_LARGE, "The file has more rows than are taken at once."),
    "content_type_not_supported": (S.UNSUPPORTED_MEDIA_TYPE, "The body is of another type than the address takes."),
    "encoding_not_supported": (S.UNSUPPORTED_MEDIA_TYPE, "The body is compressed."),
    "expectation_failed": (S.EXPECTATION_FAILED, "`Expect` says something else than 100-continue."),
    "too_many_connections": (S.TOO_MANY_REQUESTS, "Too many connections from one address: wait for `Retry-After`."),
    "internal_error": (S.INTERNAL_SERVER_ERROR, "A fault of ours; `request_id` finds it in the log."),
    "not_now": (S.SERVICE_UNAVAILABLE, "PostgreSQL, Kafka or Stripe is away: try again after `Retry-After`."),
    "customer_already_assigned": (S.CONFLICT, "Another client has the customer by hand; `claimed` says which."),
    "project_exists": (S.CONFLICT, "There is a project of that id."),
    "too_many_rules": (S.CONFLICT, "The project has as many rules as it may have."),
    "too_many_endpoints": (S.CONFLICT, "The project has as many endpoints as it may have."),
    "endpoint_disabled": (S.CONFLICT, "Nothing is sent to an endpoint that is disabled."),
    "url_not_allowed": (S.UNPROCESSABLE_ENTITY, "Nothing can be delivered to that url: see `errors`."),
    "signal_resolved": (S.CONFLICT, "The signal is resolved: nothing is left to decide."),
    "secret_key_refused": (S.BAD_REQUEST, "A secret key (sk_…) was sent, where a restricted one is enough."),
    "not_a_restricted_key": (S.BAD_REQUEST, "What was sent is no restricted key (rk_…)."),
    "stripe_key_invalid": (S.BAD_REQUEST, "Stripe does not accept the key."),
    "permissions_missing": (S.BAD_REQUEST, "The key may not read what MRR is made of: see `permissions`."),
    "not_connected": (S.CONFLICT, "No Stripe account is connected that could be read."),
    "connection_not_named": (S.BAD_REQUEST, "Several accounts are connected: name one."),
    "sync_running": (S.CONFLICT, "A sync of the account is not finished: see `run`."),
    "sync_over": (S.CONFLICT, "The sync is over: see `run`."),
    "sync_too_soon": (S.TOO_MANY_REQUESTS, "A sync was asked for less than a minute ago: wait for `Retry-After`."),
    "oauth_not_configured": (S.CONFLICT, "The server has no platform account at Stripe."),
    "oauth_response_invalid": (S.BAD_REQUEST, "What came back is no answer of Stripe's."),
    "oauth_state_invalid": (S.BAD_REQUEST, "The attempt to connect was not begun here."),
    "oauth_state_used": (S.BAD_REQUEST, "The attempt has ended: its address works once."),
    "oauth_state_expired": (S.BAD_REQUEST, "The attempt took longer than ten minutes."),
    "oauth_key_revoked": (S.BAD_REQUEST, "The API key that began the attempt has been revoked since."),
    "oauth_access_denied": (S.BAD_REQUEST, "The account's owner did not agree."),
    "oauth_failed_at_stripe": (S.BAD_REQUEST, "Stripe ended the attempt with an error."),
    "oauth_code_used": (S.BAD_REQUEST, "The code came before."),
    "oauth_wrong_scope": (S.BAD_REQUEST, "Stripe granted another scope than was asked for."),
    "oauth_wrong_mode": (S.BAD_REQUEST, "The account was connected in another mode than was asked for."),
    "oauth_code_refused": (S.BAD_REQUEST, "Stripe does not take the code."),
    "oauth_platform_key_refused": (S.CONFLICT, "Stripe does not accept the platform's key."),
    "oauth_outcome_unknown": (S.SERVICE_UNAVAILABLE, "Stripe gave no whole answer when the code was redeemed."),
    "signature_invalid": (S.BAD_REQUEST, "The Stripe-Signature header does not prove that Stripe sent the body."),
    "event_malformed": (S.BAD_REQUEST, "The body is signed but is no Stripe event."),
    "too_many_requests": (S.TOO_MANY_REQUESTS, "More webhooks came than a project may send."),
    "secrets_unreadable": (S.SERVICE_UNAVAILABLE, "A signing secret of the project can't be read."),
}
RETRIED = frozenset({S.TOO_MANY_REQUESTS, S.SERVICE_UNAVAILABLE})
"""Their answers say in `Retry-After` when to try again."""

ALWAYS = ("bad_request", "too_many_connections", "internal_error", "not_now")
WITH_KEY = ("unauthorized", "missing_scope")
WITH_BODY = (
    "invalid_body",
    "body_incomplete",
    "request_too_slow",
    "body_too_large",
    "content_type_not_supported",
    "encoding_not_supported",
    "expectation_failed",
)


def by_status(codes: Iterable[str]) -> dict[S, list[str]]:
    """The codes under their statuses."""
    found: dict[S, list[str]] = {}
    for code in dict.fromkeys(codes):
        found.setdefault(CODES[code][0], []).append(code)
    return dict(sorted(found.items()))
