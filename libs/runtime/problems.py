"""Answers that are not a success, as `application/problem+json` (RFC 9457). Nothing in them tells of our inside."""

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
CLOSING: Mapping[str, str] = MappingProxyType({"Connection": "close"})


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


def retry(seconds: int = RETRY_SECONDS) -> Mapping[str, str]:
    """The header that says when to try again."""
    return MappingProxyType({"Retry-After": str(seconds)})


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


def raw_problem(problem: Problem, headers: Mapping[str, str] = CLOSING) -> bytes:
    """The whole answer as bytes, for a request that never became one of aiohttp's."""
    request_id = new_request_id()
    body = problem_body(problem, request_id)
    more = "".join(f"{name}: {value}\r\n" for name, value in {**problem.headers, **headers}.items())
    head = (
        f"HTTP/1.1 {problem.status.value} {problem.status.phrase}\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        f"Server: {SERVER}\r\nX-Request-Id: {request_id}\r\n{more}\r\n"
    )
    return head.encode() + body


BODY_INCOMPLETE = Problem(
    HTTPStatus.BAD_REQUEST,
    "body_incomplete",
    "The body ended early or is not valid HTTP.",
    "Send it again.",
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
BAD_REQUEST = Problem(
    HTTPStatus.BAD_REQUEST,
    "bad_request",
    "The request is not valid HTTP, or its headers are too large.",
    "Check the sender and what stands between it and this server.",
    closes=True,
)
INTERNAL = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal_error",
    "Something went wrong on our side.",
    "Try again; tell us the request_id if it stays so.",
    closes=True,
)
TOO_MANY_CONNECTIONS = Problem(
    HTTPStatus.TOO_MANY_REQUESTS,
    "too_many_connections",
    "There are too many connections from this address.",
    "Use fewer connections at once; what stands before this server counts as one address.",
    headers=retry(),
    closes=True,
)
FULL = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "not_now",
    "There are as many connections as this server takes.",
    "Try again after the time in Retry-After.",
    headers=retry(),
    closes=True,
)
