"""What the OpenAPI document promises, held against every answer that a test gets from the API."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

import jsonschema_rs

from services.api.openapi.document import document

PART = re.compile(r"\\\{\w+\\\}")
Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Promised:
    """One operation: the address as a pattern, and its answers by status."""

    method: str
    pattern: re.Pattern[str]
    responses: Json
    root: Json

    def faults(self, told: Told) -> list[str]:
        """What of the answer was not promised."""
        response = self._response(told.status)
        if response is None:
            return [f"status {told.status} is not promised: {told.body[:300]!r}"]
        promised = {name: _header(each["$ref"]) for name, each in response.get("headers", {}).items()}
        missing = [name for name, each in promised.items() if each["required"] and name not in told.headers]
        faults = [f"the header {name} is missing" for name in missing]
        if "ETag" in told.headers and "ETag" not in response.get("headers", {}):
            faults.append("an ETag is not promised")
        return faults + self._content_faults(response, told)

    def _content_faults(self, response: Json, told: Told) -> list[str]:
        if not told.body:
            return ["there is no content"] if "content" in response and self.method != "HEAD" else []
        kind = told.headers["Content-Type"].partition(";")[0]
        if kind not in response.get("content", {}):
            return [f"content of type {kind} is not promised"]
        if "json" not in kind:
            return []
        validator = _validator(json.dumps(response["content"][kind]["schema"]))
        found = validator.iter_errors(json.loads(told.body))
        return [f"{'.'.join(map(str, fault.instance_path))}: {fault.message[:300]}" for fault in found]

    def _response(self, status: int) -> Json | None:
        found: Json | None = self.responses.get(str(status))
        if found is not None and "$ref" in found:
            found = self.root["components"]["responses"][found["$ref"].rpartition("/")[2]]
        return found


@cache
def contract() -> Json:
    """The document, its answers closed: a field that it does not name is a fault."""
    return json.loads(json.dumps(document("http://127.0.0.1", "http://127.0.0.1", closed=True)))  # type: ignore[no-any-return]


def _header(reference: str) -> Json:
    found: Json = contract()["components"]["headers"][reference.rpartition("/")[2]]
    return found


@cache
def _validator(schema: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        {**json.loads(schema), "components": contract()["components"]}, validate_formats=True
    )


@cache
def _operations() -> tuple[Promised, ...]:
    found = [
        (path.count("{"), Promised(method.upper(), _pattern(path), each["responses"], contract()))
        for path, item in contract()["paths"].items()
        for method, each in item.items()
    ]
    return tuple(each for _, each in sorted(found, key=lambda pair: pair[0]))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(PART.sub("[^/]+", re.escape(path)))


def faults_of(method: str, path: str, told: Told) -> list[str]:
    """What of an answer was not promised; nothing for an address that there is not."""
    asked = "GET" if method == "HEAD" else method
    found = next((one for one in _operations() if one.method == asked and one.pattern.fullmatch(path)), None)
    if found is None:
        return [] if told.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED} else _undocumented(path)
    return found.faults(told) if method != "HEAD" else []


def _undocumented(path: str) -> list[str]:
    return [f"{path} is in no document"] if path.startswith("/api/") else []
