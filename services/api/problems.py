"""Every answer that is not a success, as `application/problem+json` (RFC 9457). Nothing in it tells of our inside."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

import msgspec
from aiohttp import web

SERVER = "revstream"
RETRY_SECONDS = 5
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
NO_FIELDS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a query or a body; `field` is its path."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of refusal. `more` are fields of its own; `closes`: what follows on the connection is not known."""

    status: HTTPStatus
    code: str
    detail: str
    hint: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    more: Mapping[str, object] = field(default_factory=lambda: NO_FIELDS)
    closes: bool = False


class Refused(Exception):
    """Raised where a request turns out to be one that gets this problem as its answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def new_request_id() -> str:
    """An id by which an answer is found again in the log."""
    return f"req_{secrets.token_hex(8)}"


def problem_body(problem: Problem, request_id: str) -> bytes:
    """The body of a problem's answer."""
    return msgspec.json.encode(
        {
            "type": f"urn:revstream:problem:{problem.code}",
            "title": problem.status.phrase,
            "status": problem.status.value,
            "detail": problem.detail,
            "code": problem.code,
            "request_id": request_id,
            "hint": problem.hint,
            "errors": [{"field": error.field, "message": error.message} for error in problem.errors],
            **problem.more,
        }
    )


def problem_response(problem: Problem, request_id: str) -> web.Response:
    """The answer to a request that is refused."""
    response = web.Response(
        status=problem.status.value,
        body=problem_body(problem, request_id),
        headers={"Content-Type": "application/problem+json", "Server": SERVER, "X-Request-Id": request_id}
        | dict(problem.headers),
    )
    if problem.closes:
        response.force_close()
    return response


def raw_problem(problem: Problem) -> bytes:
    """The whole answer as bytes, for a request that never became one."""
    request_id = new_request_id()
    body = problem_body(problem, request_id)
    head = (
        f"HTTP/1.1 {problem.status.value} {problem.status.phrase}\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        f"Server: {SERVER}\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


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
        headers={"Retry-After": str(RETRY_SECONDS)},
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
BAD_REQUEST = Problem(
    HTTPStatus.BAD_REQUEST,
    "bad_request",
    "The request is not valid HTTP, or its headers are too large.",
    "Check the client and what stands between it and this server.",
    closes=True,
)
BODY_INCOMPLETE = Problem(
    HTTPStatus.BAD_REQUEST,
    "body_incomplete",
    "The body ended early or is not valid HTTP.",
    "Send it again.",
    closes=True,
)
TOO_LARGE = Problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body_too_large",
    "The body is larger than this address takes.",
    "Send less at once.",
    closes=True,
)
NOT_JSON = Problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "content_type_not_supported",
    "Bodies are JSON.",
    "Send `Content-Type: application/json`.",
    closes=True,
)
ENCODED = Problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "encoding_not_supported",
    "Bodies are taken without Content-Encoding.",
    "Switch compression of requests off.",
    closes=True,
)
EXPECTATION_FAILED = Problem(
    HTTPStatus.EXPECTATION_FAILED,
    "expectation_failed",
    "Only `Expect: 100-continue` is understood.",
    "Leave the Expect header out.",
    closes=True,
)
TOO_SLOW = Problem(
    HTTPStatus.REQUEST_TIMEOUT,
    "request_too_slow",
    "The request did not arrive in time.",
    "Send it again.",
    closes=True,
)
INTERNAL = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal_error",
    "Something went wrong on our side.",
    "Try again; tell us the request_id if it stays so.",
)
