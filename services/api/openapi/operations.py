"""One operation of the document: what an address takes, and all that it may answer."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from libs.runtime.api_keys import Scope
from services.api.models.answer import Fresh
from services.api.openapi.problem_codes import ALWAYS, CODES, RETRIED, WITH_BODY, WITH_KEY, by_status
from services.api.openapi.schemas import Json, parameter_schema
from services.api.promise import EVENTS, JSON, Promise

PART = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
RAISES = re.compile(r"\s*Raises Refused.*", re.DOTALL)
LONGEST_PATH_PART = 255
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
CLIENT = "/api/clients/{client}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of an address. `scope` None: it takes no key."""

    method: str
    path: str
    scope: Scope | None
    name: str
    text: str
    promise: Promise

    @property
    def shown_path(self) -> str:
        return PART.sub(r"{\1}", self.path)

    @property
    def example_name(self) -> str:
        return f"{self.method} {self.shown_path}"

    @property
    def codes(self) -> list[str]:
        """The codes of all problems that it may answer with."""
        promise = self.promise
        asks = issubclass(promise.query, msgspec.Struct) and bool(promise.query.__struct_fields__)
        return [
            *ALWAYS,
            *(WITH_KEY if self.scope else ()),
            *(("foreign_page",) if self.scope and self.method in CHANGING else ()),
            *(("invalid_query",) if self.scope and (asks or self.method == "GET" or not promise.takes_body) else ()),
            *(WITH_BODY if promise.takes_body else ()),
            *(("not_found",) if PART.search(self.path) else ()),
            *promise.codes,
        ]

    @property
    def is_fresh(self) -> bool:
        """Whether its answer carries an ETag and is not sent twice."""
        model = self.promise.answer
        return isinstance(model, type) and (issubclass(model, Fresh) or (self.method, self.path) == ("GET", CLIENT))


def described(operation: Operation, schemas: Mapping[object, Json], example: Json) -> Json:
    """The operation as OpenAPI has it."""
    summary, text = _texts(operation)
    told: Json = {
        "operationId": operation.name,
        "tags": [_tag(operation.path)],
        "summary": summary,
        "description": text,
        "parameters": [*_path_parameters(operation, example), *_query(operation, example), *_headers(operation)],
        "responses": _responses(operation, schemas),
    }
    told["security"] = [{"key": [operation.scope.value]}] if operation.scope else []
    if operation.promise.takes_body:
        told["requestBody"] = _body(operation, schemas, example)
    return told


def _texts(operation: Operation) -> tuple[str, str]:
    """The first sentence, and all of it: what the handler says of itself, and its query of its parameters."""
    said = " ".join(RAISES.sub("", operation.text).split())
    summary = re.split(r"(?<=[.:;]) ", said, maxsplit=1)[0].rstrip(".:;")
    query = operation.promise.query
    more = " ".join((query.__doc__ or "").split()) if query.__struct_fields__ else ""
    scope = f"Needs a key with the scope `{operation.scope}`." if operation.scope else "Takes no key."
    return summary, "\n\n".join(part for part in (said, more, scope) if part)


def _tag(path: str) -> str:
    parts = path.strip("/").split("/")
    if parts[0] != "api":
        return "service" if parts[0] != "webhooks" else "webhooks"
    return parts[1] if parts[1] != "integrations" else "stripe"


def _path_parameters(operation: Operation, example: Json) -> list[Json]:
    given = example.get("path")
    values = given if isinstance(given, dict) else {}
    return [
        {
            "name": found[1],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_PATH_PART},
            **({"example": values[found[1]]} if found[1] in values else {}),
        }
        for found in PART.finditer(operation.path)
    ]


def _query(operation: Operation, example: Json) -> list[Json]:
    given = example.get("query")
    values = given if isinstance(given, dict) else {}
    return [_parameter(field, values) for field in msgspec.structs.fields(operation.promise.query)]


def _parameter(field: msgspec.structs.FieldInfo, values: Mapping[str, object]) -> Json:
    schema = parameter_schema(field.type)
    default = msgspec.to_builtins(field.default) if field.default not in (msgspec.NODEFAULT, None) else None
    if default is not None:
        schema = {**schema, "default": default}
    named: Json = {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
    return named | ({"example": values[field.encode_name]} if field.encode_name in values else {})


def _headers(operation: Operation) -> list[Json]:
    names = {}
    if operation.is_fresh:
        names["If-None-Match"] = "The ETag of what you have: 304 where nothing has changed."
    if "precondition_failed" in operation.promise.codes:
        names["If-Match"] = "The ETag of the entry that is to be changed: 412 where it is another by now."
    if operation.promise.media == EVENTS:
        names["Last-Event-ID"] = "The id of the last event that you have: what came since is told first."
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in names.items()
    ]


def _body(operation: Operation, schemas: Mapping[object, Json], example: Json) -> Json:
    promise = operation.promise
    kinds: Json = {}
    if promise.body is not None:
        kinds[JSON] = {"schema": schemas[promise.body]}
    for kind in promise.files:
        kinds.setdefault(kind, {"schema": _file_schema(kind)})
    if "body" in example:
        media = kinds[str(example.get("type", JSON))]
        assert isinstance(media, dict)
        media["example"] = example["body"]
    return {"required": True, "content": kinds}


def _file_schema(kind: str) -> Json:
    return {"type": "array", "items": {"type": "object"}} if kind == JSON else {"type": "string"}


def _responses(operation: Operation, schemas: Mapping[object, Json]) -> Json:
    found: Json = {}
    answers: dict[HTTPStatus, list[Json]] = {}
    for status, model in operation.promise.answers:
        answers.setdefault(status, []).extend([] if model is None else [schemas[model]])
    for status, told in sorted(answers.items()):
        found[str(status.value)] = _success(operation, status, told)
    if operation.is_fresh:
        found["304"] = {"description": "Nothing has changed.", "headers": _named("X-Request-Id", "ETag")}
    return {**refusals(operation.codes), **found}


def refusals(codes: Iterable[str]) -> Json:
    """The answers of problems with these codes, by status: each a reference to one of `refusal_answers`."""
    return {
        str(status.value): {"$ref": f"#/components/responses/{_name(found)}"}
        for status, found in by_status(codes).items()
    }


def refusal_answers(every: Iterable[Iterable[str]]) -> Json:
    """Each answer that `refusals` of one of these sets of codes refers to."""
    pairs = [(status, found) for codes in every for status, found in by_status(codes).items()]
    return {_name(found): _refusal(status, found) for status, found in pairs}


def _name(codes: list[str]) -> str:
    return ".".join(codes)


def _success(operation: Operation, status: HTTPStatus, told: list[Json]) -> Json:
    headers = ["X-Request-Id"]
    if status == HTTPStatus.SEE_OTHER:
        headers.append("Location")
    if operation.is_fresh:
        headers.append("ETag")
    told_headers = _named(*headers)
    if operation.example_name == f"PUT {CLIENT}":
        told_headers["ETag"] = {"$ref": "#/components/headers/EntryETag"}
    answer: Json = {"description": status.phrase, "headers": told_headers}
    if told:
        schema = told[0] if len(told) == 1 else {"anyOf": told}
        answer["content"] = {operation.promise.media: {"schema": schema}}
    return answer


def _refusal(status: HTTPStatus, codes: list[str]) -> Json:
    headers = ["X-Request-Id"]
    if status in RETRIED:
        headers.append("Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append("WWW-Authenticate")
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": {"code": {"enum": codes}}}]}
    return {
        "description": "\n".join(f"- `{code}`: {CODES[code][1]}" for code in codes),
        "headers": _named(*headers),
        "content": {"application/problem+json": {"schema": schema}},
    }


def _named(*headers: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
