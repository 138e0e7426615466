"""The OpenAPI document: it is valid, it names every address and every code, and each of its examples works."""

import ast
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import web
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from libs.runtime.health import Readiness
from services.api.openapi.document import document, operations
from services.api.openapi.examples import EXAMPLES
from services.api.openapi.operations import PART, Operation
from services.api.openapi.problem_codes import CODES
from services.api.openapi.unkeyed import UNKEYED
from services.api.promise import EVENTS, JSON
from services.api.site import application
from tests.api.calling import Api
from tests.api.filled_api import STRIPE, Filled, filled
from tests.api.promised import contract
from tests.source_tree import modules

KEYED = [each for each in operations() if each.scope]


def test_the_document_is_valid_openapi() -> None:
    told = json.loads(json.dumps(document("https://api.example", "https://hooks.example")))
    assert [fault.message for fault in OPENAPI_31_VALIDATOR.iter_errors(told)] == []


def test_every_reference_leads_somewhere() -> None:
    told = contract()
    text = json.dumps(told)
    for kind, parts in told["components"].items():
        named = {part.partition('"')[0] for part in text.split(f'"#/components/{kind}/')[1:]}
        assert named <= set(parts)


def test_operations_have_names_of_their_own_and_say_what_they_do() -> None:
    found = operations()
    assert len({each.name for each in found}) == len(found)
    told = contract()
    said = [one for item in told["paths"].values() for one in item.values()]
    assert [one["operationId"] for one in said if not one["summary"] or one["summary"].startswith("Raises")] == []
    assert {one["tags"][0] for one in said} == {tag["name"] for tag in told["tags"]}


def test_every_route_has_models() -> None:
    for each in operations():
        models = [model for status, model in each.promise.answers if status.value in (200, 201, 202)]
        assert None not in models, each.example_name
        assert each.promise.takes_body or "body" not in EXAMPLES.get(each.example_name, {}), each.example_name


async def test_every_address_is_in_the_document(api: Api, served_app: web.Application) -> None:
    paths = {PART.sub(r"{\1}", resource.canonical) for resource in served_app.router.resources()}
    documented = set(contract()["paths"])
    assert {path for path in paths - documented if path.startswith("/api")} == set()
    assert documented - paths == {"/webhooks/stripe/{project}"}


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = {code for name in ("services.api", "libs.runtime.problems") for code in _codes(name)}
    assert raised - set(CODES) == set()


def _codes(package: str) -> set[str]:
    """The codes that problems are made with."""
    found = set()
    for module in modules("libs/runtime", "services/api"):
        if not module.name.startswith(package):
            continue
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Problem", "conflict")
            ):
                place = 1 if node.func.id == "Problem" else 0
                if len(node.args) > place and isinstance(node.args[place], ast.Constant):
                    found.add(str(ast.literal_eval(node.args[place])))
    return found


async def test_the_document_and_its_page_are_public_and_load_nothing_from_elsewhere(api: Api) -> None:
    anybody = api.with_key(None)
    told = await anybody.get("/openapi.json")
    assert (told.status, told.field("openapi")) == (200, "3.1.0")
    page = await anybody.get("/docs")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    for part in ("docs.js", "docs.css", "schema.js", "example.js", "rich.js"):
        found = await anybody.get(f"/docs/page/{part}")
        assert found.status == 200
        assert b"http:" not in found.content
        assert b"https:" not in found.content
    assert (await anybody.get("/docs/page/none.js")).status == 404


def _due(operation: Operation) -> int:
    """What is read, then made, then changed, then taken away: so every example finds what it names."""
    if operation.path.endswith("/syncs/{run}") and operation.method == "DELETE":
        return 4
    if operation.path == f"{STRIPE}/sync":
        return 5
    if operation.path == STRIPE:
        return 7
    return {"GET": 0, "PUT": 1, "POST": 2, "PATCH": 3, "DELETE": 6}[operation.method]


async def test_every_documented_example_works(api: Api) -> None:
    # What was made last is taken away first.
    ordered = sorted([*KEYED], key=_due)
    leaving = [each for each in ordered if _due(each) == 6]
    ordered = [each for each in ordered if _due(each) < 6] + leaving[::-1] + [ordered[-1]]
    async with filled(api) as found:
        told = {each.example_name: await _sent(found, each) for each in ordered if each.promise.media != EVENTS}
    assert told == {
        each.example_name: told[each.example_name]
        for each in ordered
        if told.get(each.example_name) in {status.value for status, _ in each.promise.answers}
    }
    assert set(EXAMPLES) - set(told) == {"GET /api/alerts/stream"}


async def _sent(found: Filled, operation: Operation) -> int:
    example: dict[str, Any] = EXAMPLES.get(operation.example_name, {})
    named = {**found.ids, **example.get("path", {})}
    path = PART.sub(lambda part: quote(named[part[1]], safe=""), operation.path)
    query = {
        name: json.dumps(value) if isinstance(value, bool) else value
        for name, value in example.get("query", {}).items()
    }
    options: dict[str, Any] = {}
    if "body" in example:
        kind = str(example.get("type", JSON))
        body = example["body"] if isinstance(example["body"], str) else json.dumps(example["body"])
        options = {"data": body, "headers": {"Content-Type": kind}}
    answer = await found.api.call(operation.method, f"{path}?{urlencode(query)}", **options)
    return answer.status


@pytest.fixture
def served_app(api: Api) -> web.Application:
    """The application as it is put together."""
    return application(api.parts, Readiness())


def test_what_takes_no_key_says_so() -> None:
    paths = contract()["paths"]
    assert all(paths[each.shown_path][each.method.lower()]["security"] == [] for each in UNKEYED)
    assert all(paths[each.shown_path][each.method.lower()]["security"] for each in KEYED)
