"""The JSON Schema of every record, made from the very types that encode it; and which records each topic carries."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import get_args

import msgspec

from libs.wire import topics
from libs.wire.activity import Activity
from libs.wire.records import (
    ClientRecord,
    DirectoryRecord,
    HealthRecord,
    MovementRecord,
    Record,
    SettingsRecord,
    SignalRecord,
    StripeRecord,
)

Json = dict[str, object]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
IN_DOCUMENT = "#/components/schemas/{name}"
IN_SCHEMA = "#/$defs/{name}"

KINDS: Mapping[str, tuple[type[Record], ...]] = {
    topics.STRIPE_EVENTS.name: (StripeRecord,),
    topics.PROJECT_SETTINGS.name: (SettingsRecord,),
    topics.CLIENT_DIRECTORY.name: (DirectoryRecord,),
    topics.CLIENT_ACTIVITY.name: get_args(Activity),
    topics.REVENUE_CLIENTS.name: (ClientRecord,),
    topics.REVENUE_MOVEMENTS.name: (MovementRecord,),
    topics.CHURN_SIGNALS.name: (SignalRecord,),
    topics.CLIENT_HEALTH.name: (HealthRecord,),
}
"""By topic: the types of its records."""

RECORDS: Mapping[str, type[Record]] = {kind.__name__: kind for kinds in KINDS.values() for kind in kinds}
"""By name: all types of records."""


def components() -> Mapping[str, Json]:
    """All schemas by name, those of records and those that they are made of; references as in an AsyncAPI document."""
    _, named = msgspec.json.schema_components(RECORDS.values(), schema_hook=_anything, ref_template=IN_DOCUMENT)
    return {name: _tidy(one) for name, one in sorted(named.items())}


def schema(name: str) -> Json:
    """The schema of one record, whole in itself. Raises KeyError."""
    kind = RECORDS[name]
    _, named = msgspec.json.schema_components([kind], schema_hook=_anything, ref_template=IN_SCHEMA)
    own = _tidy(named.pop(name))
    whole: Json = {"$schema": DIALECT, "$id": f"urn:revstream:{name}:{version(kind)}", **own}
    return whole | ({"$defs": {each: _tidy(one) for each, one in sorted(named.items())}} if named else {})


def version(kind: type[Record]) -> int:
    """The `schema_version` of a record."""
    fields = {field.name: field.default for field in msgspec.structs.fields(kind)}
    told = fields["schema_version"]
    assert isinstance(told, int)
    return told


def _tidy(schema: Json) -> Json:
    """With its description, which is a docstring, as text."""
    told = schema.get("description")
    return schema | {"description": cleandoc(told)} if isinstance(told, str) else schema


def _anything(kind: type) -> Json:
    """`object` is any JSON."""
    if kind is object:
        return {"description": "Whatever JSON can say."}
    raise NotImplementedError(kind)
