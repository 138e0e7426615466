"""If-Match and If-None-Match of changes to the directory: nobody overwrites what they have not seen.

An ETag of a client begins with the version of its directory entry; only that is compared, as its revenue changes by
itself.
"""

from http import HTTPStatus

from aiohttp import web

from services.api.problems import Problem, Refused

CHANGED = Problem(
    HTTPStatus.PRECONDITION_FAILED,
    "precondition_failed",
    "The client's directory entry is not the one that the request expects.",
    "Read it again, and repeat the change with its new ETag.",
)


def version_tag(version: int) -> str:
    """The ETag of an entry at that version."""
    return f'"{version}"'


def require(request: web.Request, version: int) -> None:
    """Raises Refused (412) unless the entry at `version` (0: there is none) is the one that the caller expects."""
    expected = request.headers.get("If-Match")
    if expected is not None and not _matches(expected, version):
        raise Refused(CHANGED)
    if request.headers.get("If-None-Match", "").strip() == "*" and version > 0:
        raise Refused(CHANGED)


def _matches(expected: str, version: int) -> bool:
    if expected.strip() == "*":
        return version > 0
    return str(version) in [_version_in(tag) for tag in expected.split(",")]


def _version_in(tag: str) -> str:
    return tag.strip().removeprefix("W/").strip('"').partition("-")[0]
