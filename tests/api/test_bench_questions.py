"""The bench of large tables asks every route that reads, with every parameter that it has."""

import re

import msgspec
import pytest

from services.api.asked import Route
from services.api.routes import ROUTES
from tests.bench.tables.questions import NOT_ASKED, questions

READING = [route for route in ROUTES if route.method == "GET"]
# Which data, how much of it, and where to go on: the same work.
PLAIN = {"mode", "limit", "cursor"}


def asked(route: Route) -> list[str]:
    """The queries that the bench asks the route with."""
    parts = re.split(r"(\{[^}]*\})", route.path)
    path = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts)
    told = (one.path.partition("?") for one in questions())
    return [query for place, _, query in told if re.fullmatch(path, place)]


def test_every_route_that_reads_is_asked_or_said_why_not() -> None:
    assert {route.path for route in READING if not asked(route)} == set(NOT_ASKED)


@pytest.mark.parametrize("route", [one for one in READING if one.path not in NOT_ASKED], ids=lambda one: one.path)
def test_every_parameter_is_asked(route: Route) -> None:
    names = {field.encode_name for field in msgspec.structs.fields(route.promise.query)} - PLAIN
    used = {part.partition("=")[0] for query in asked(route) for part in query.split("&")}
    assert names <= used
