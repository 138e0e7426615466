"""Schemas of models, as JSON Schema 2020-12, which is what OpenAPI 3.1 speaks."""

from collections.abc import Iterable, Mapping

import msgspec

from libs.runtime.problems import FieldError
from services.api.models.answer import NAMED_ELSEWHERE

Json = dict[str, object]
REF = "#/components/schemas/{name}"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was refused (RFC 9457). `code` is for programs, `hint` says what to do, `request_id` finds the
    request in our log. Some problems carry fields of their own."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    hint: str
    errors: list[FieldError]


def components(models: Iterable[object], closed: bool = False) -> tuple[dict[object, Json], Json]:
    """The schema of each model, and the named schemas that these refer to. `closed`: answers have no field that their
    models don't name. So they are checked; whoever reads them is told that fields may be added."""
    wanted = list(dict.fromkeys([*models, Problem, *NAMED_ELSEWHERE]))
    found, named = msgspec.json.schema_components(wanted, schema_hook=_anything, ref_template=REF)
    names = {name: _short(name) for name in named}
    text = msgspec.json.encode((found, {names[name]: schema for name, schema in named.items()})).decode()
    for long, short in names.items():
        text = text.replace(REF.format(name=long) + '"', REF.format(name=short) + '"')
    schemas, told = msgspec.json.decode(text, type=tuple[list[Json], dict[str, Json]])
    for name, schema in told.items():
        if not closed and not name.endswith("Body"):
            schema.pop("additionalProperties", None) if schema.get("additionalProperties") is False else None
    return dict(zip(wanted, schemas, strict=True)), dict(told)


def parameter_schema(kind: object) -> Json:
    """The schema of one parameter, in full: what a query gives is text, so null is never given."""
    schema, named = msgspec.json.schema_components([kind], schema_hook=_anything, ref_template=REF)
    return _resolved(_without_null(schema[0]), named)


def _anything(kind: type) -> Json:
    """`object` is any JSON."""
    if kind is object:
        return {"description": "Any JSON."}
    raise NotImplementedError(kind)


def _short(name: str) -> str:
    """Two models of one name are told apart by their modules: ScheduleInterval."""
    parts = name.split(".")
    return name if len(parts) == 1 else f"{parts[-2].title().replace('_', '')}{parts[-1]}"


def _resolved(schema: Json, named: Mapping[str, Json]) -> Json:
    ref = schema.get("$ref")
    return dict(named[ref.rpartition("/")[2]]) if isinstance(ref, str) else schema


def _without_null(schema: Json) -> Json:
    choices = schema.get("anyOf")
    if not isinstance(choices, list):
        return schema
    kept = [each for each in choices if each != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**rest, **kept[0]} if len(kept) == 1 else schema
