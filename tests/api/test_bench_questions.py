"""The bench of large tables asks every route that reads."""

import re

from services.api.routes import ROUTES
from tests.bench.tables.questions import NOT_ASKED, questions


def pattern(path: str) -> str:
    """A route's path as an expression: a named part is anything but a slash."""
    return "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path))


def test_every_route_that_reads_is_asked_or_said_why_not() -> None:
    asked = {one.path.partition("?")[0] for one in questions()}
    reading = {route.path for route in ROUTES if route.method == "GET"}
    missing = {path for path in reading if not any(re.fullmatch(pattern(path), each) for each in asked)}
    assert missing == set(NOT_ASKED)
