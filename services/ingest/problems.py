"""Every answer that is not a success, as `application/problem+json`. Nothing in it tells of our inside."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

import orjson
from aiohttp import web

SERVER = "revstream"
RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of refusal. `closes`: the connection can't be used further, as what follows on it is not known."""

    status: HTTPStatus
    code: str
    detail: str
    hint: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    closes: bool = False


class Refused(Exception):
    """Raised where a request turns out to be one that gets this problem as its answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def _retry(seconds: int) -> Mapping[str, str]:
    return MappingProxyType({"Retry-After": str(seconds)})


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
    MappingProxyType({"Allow": "POST"}),
)
BAD_REQUEST = Problem(
    HTTPStatus.BAD_REQUEST,
    "bad_request",
    "The request is not valid HTTP, or its headers are too large.",
    "Check what stands between Stripe and this server.",
    closes=True,
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
    "The body is larger than a webhook may be.",
    "Nothing is to be done: the next sync reads the object from Stripe.",
    closes=True,
)
ENCODED = Problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "encoding_not_supported",
    "Bodies are taken as they were signed, without Content-Encoding.",
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
TOO_MANY = Problem(
    HTTPStatus.TOO_MANY_REQUESTS,
    "too_many_requests",
    "More webhooks came than this project may send.",
    "Send it again after the time in Retry-After; Stripe does so by itself.",
    _retry(1),
)
NOT_NOW = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "not_now",
    "The event could not be stored safely.",
    "Send it again after the time in Retry-After; Stripe does so by itself.",
    _retry(RETRY_SECONDS),
)
SECRETS_UNREADABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "secrets_unreadable",
    "A signing secret of this project can't be read.",
    "Check REVSTREAM_ENCRYPTION_KEYS, or set the signing secret again.",
    _retry(60),
)
INTERNAL = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal_error",
    "Something went wrong on our side.",
    "Send it again; tell us the request_id if it stays so.",
    closes=True,
)


def problem_body(problem: Problem, request_id: str, detail: str | None = None) -> bytes:
    """The body of a problem's answer."""
    return orjson.dumps(
        {
            "type": f"urn:revstream:problem:{problem.code}",
            "title": problem.status.phrase,
            "status": problem.status.value,
            "detail": detail or problem.detail,
            "code": problem.code,
            "request_id": request_id,
            "hint": problem.hint,
        }
    )


def new_request_id() -> str:
    """An id by which an answer is found again in the log."""
    return f"req_{secrets.token_hex(8)}"


def problem_response(problem: Problem, request_id: str, detail: str | None = None) -> web.Response:
    """The answer to a request that is refused."""
    response = web.Response(
        status=problem.status.value,
        body=problem_body(problem, request_id, detail),
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
