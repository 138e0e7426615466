"""Every answer that is not a success, as `application/problem+json`. Nothing in it tells of our inside."""

from http import HTTPStatus

from libs.runtime.problems import (
    BODY_INCOMPLETE,
    ENCODED,
    EXPECTATION_FAILED,
    SERVER,
    TOO_SLOW,
    Problem,
    Refused,
    new_request_id,
    problem_response,
    retry,
)

__all__ = [
    "BAD_SIGNATURE",
    "BODY_INCOMPLETE",
    "ENCODED",
    "EXPECTATION_FAILED",
    "MALFORMED_EVENT",
    "METHOD_NOT_ALLOWED",
    "NOT_FOUND",
    "NOT_NOW",
    "SECRETS_UNREADABLE",
    "SERVER",
    "TOO_LARGE",
    "TOO_MANY",
    "TOO_SLOW",
    "Problem",
    "Refused",
    "new_request_id",
    "problem_response",
]

NOT_FOUND = Problem(
    HTTPStatus.NOT_FOUND,
    "not_found",
    "There is nothing at this address.",
    "Webhooks go to /webhooks/stripe/{project}; `revstream keys create` prints the project.",
)
METHOD_NOT_ALLOWED = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "method_not_allowed",
    "This address takes POST only.",
    "Enter the address as a webhook endpoint at Stripe.",
    headers={"Allow": "POST"},
)
BAD_SIGNATURE = Problem(
    HTTPStatus.BAD_REQUEST,
    "signature_invalid",
    "The Stripe-Signature header does not prove that Stripe sent this body in the last five minutes.",
    "Set the signing secret of this endpoint (whsec_…) for this project, and pass the body on unchanged.",
)
MALFORMED_EVENT = Problem(
    HTTPStatus.BAD_REQUEST,
    "event_malformed",
    "The body is signed but is no Stripe event.",
    "Send events of a webhook endpoint, as Stripe made them.",
)
TOO_LARGE = Problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body_too_large",
    "The body is larger than a webhook may be.",
    "Nothing is to be done: the next sync reads the object from Stripe.",
    closes=True,
)
TOO_MANY = Problem(
    HTTPStatus.TOO_MANY_REQUESTS,
    "too_many_requests",
    "More webhooks came than this project may send.",
    "Send it again after the time in Retry-After; Stripe does so by itself.",
    headers=retry(1),
)
NOT_NOW = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "not_now",
    "The event could not be stored safely.",
    "Send it again after the time in Retry-After; Stripe does so by itself.",
    headers=retry(),
)
SECRETS_UNREADABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "secrets_unreadable",
    "A signing secret of this project can't be read.",
    "Check REVSTREAM_ENCRYPTION_KEYS, or set the signing secret again.",
    headers=retry(60),
)
