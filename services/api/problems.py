"""Every answer that is not a success, as `application/problem+json` (RFC 9457). Nothing in it tells of our inside."""

from collections.abc import Sequence
from http import HTTPStatus

from libs.runtime.problems import (
    BAD_REQUEST,
    BODY_INCOMPLETE,
    ENCODED,
    EXPECTATION_FAILED,
    INTERNAL,
    RETRY_SECONDS,
    SERVER,
    TOO_SLOW,
    FieldError,
    Problem,
    Refused,
    new_request_id,
    problem_response,
    retry,
)

__all__ = [
    "BAD_REQUEST",
    "BODY_INCOMPLETE",
    "ENCODED",
    "EXPECTATION_FAILED",
    "FOREIGN_PAGE",
    "HOLDS_NUL",
    "INTERNAL",
    "NOT_JSON",
    "NO_KEY",
    "NO_ROUTE",
    "RETRY_SECONDS",
    "SERVER",
    "TOO_LARGE",
    "TOO_SLOW",
    "FieldError",
    "Problem",
    "Refused",
    "bad_body",
    "bad_query",
    "conflict",
    "method_not_allowed",
    "missing_scope",
    "new_request_id",
    "not_found",
    "not_now",
    "problem_response",
]


def not_found(what: str) -> Problem:
    """Nothing of that id in the caller's project: the same for absent and for another's."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"There is no {what}.", "Check the id; lists show what there is.")


def bad_query(errors: Sequence[FieldError]) -> Problem:
    """The address's query can't be read."""
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "invalid_query",
        "; ".join(f"{error.field}: {error.message}" for error in errors),
        "Correct the fields named in errors.",
        errors,
    )


def bad_body(errors: Sequence[FieldError]) -> Problem:
    """The body can't be read."""
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "invalid_body",
        "; ".join(f"{error.field}: {error.message}" for error in errors),
        "Correct the fields named in errors.",
        errors,
    )


def conflict(code: str, detail: str, hint: str) -> Problem:
    """The request is fine, but what it asks for collides with what there is."""
    return Problem(HTTPStatus.CONFLICT, code, detail, hint)


def missing_scope(scope: str) -> Problem:
    """The key is good but may not do this."""
    return Problem(
        HTTPStatus.FORBIDDEN,
        "missing_scope",
        f"This key lacks the scope {scope}.",
        f"Use a key with the scope {scope}, or one with admin.",
    )


def method_not_allowed(allowed: str) -> Problem:
    """There is something at this address, but not for this method."""
    return Problem(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "method_not_allowed",
        f"This address takes {allowed}.",
        "Use one of these methods.",
        headers={"Allow": allowed},
    )


def not_now(what: str) -> Problem:
    """Something that we need is away for the moment."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not_now",
        f"{what} can't be reached.",
        "Try again after the time in Retry-After.",
        headers=retry(),
    )


NO_ROUTE = Problem(
    HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address.", "The addresses are under /api."
)
NO_KEY = Problem(
    HTTPStatus.UNAUTHORIZED,
    "unauthorized",
    "No valid API key came with the request.",
    "Send `Authorization: Bearer rsk_…`; `revstream keys create` makes a key. Keys in the query are not read.",
    headers={"WWW-Authenticate": 'Bearer realm="revstream"'},
)
FOREIGN_PAGE = Problem(
    HTTPStatus.FORBIDDEN,
    "foreign_page",
    "A change that rests on the dashboard's cookie must come from the dashboard.",
    "Use the dashboard itself, or an API key in the Authorization header.",
)
TOO_LARGE = Problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body_too_large",
    "The body is larger than this address takes.",
    "Send less at once.",
    closes=True,
)
# Paths and queries are looked through before; a body is found out by PostgreSQL, which stores every other text.
HOLDS_NUL = bad_body([FieldError("body", "must not contain U+0000")])
NOT_JSON = Problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "content_type_not_supported",
    "Bodies are JSON.",
    "Send `Content-Type: application/json`.",
    closes=True,
)
