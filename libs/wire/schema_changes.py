"""Which changes of a record break those who read it: pure, on JSON Schemas.

A topic holds records of yesterday beside those of today, and readers of both. So what was always there must stay, and
keep its type; what is new may be missing. Readers skip fields, values and kinds that they don't know: those may come.
A record whose `schema_version` went up may change as it likes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.wire.schemas import Json

Components = Mapping[str, Json]
VERSION = "schema_version"
NULL = "null"


@dataclass(frozen=True, slots=True)
class Between:
    """The schemas before and now, by name."""

    before: Components
    now: Components


def breaking(before: Components, now: Components) -> list[str]:
    """A sentence for each change of a record that would break a reader; nothing where all is well."""
    found: list[str] = []
    between = Between(before, now)
    for name, record in before.items():
        if VERSION not in _parts(record, "properties"):
            continue  # a part of records: it is looked at within each of them
        if name not in now:
            found.append(f"{name}: is gone")
        elif version_of(now[name]) <= version_of(record):
            found += _changed(name, record, now[name], between)
    return found


def version_of(record: Json) -> int:
    """The `schema_version` that a record's schema says."""
    told = _parts(_parts(record, "properties").get(VERSION, {})).get("default")
    return told if isinstance(told, int) else 0


def _changed(path: str, before: object, now: object, between: Between) -> list[str]:
    old, new = _whole(before, between.before), _whole(now, between.now)
    if "anyOf" in old or "anyOf" in new:
        return _choices(path, old, new, between)
    if old.get("type") != new.get("type"):
        return [f"{path}: was {_named(old)}, is {_named(new)}"]
    return [
        *(
            f"{path}: {each} was {old.get(each)}, is {new.get(each)}"
            for each in LASTING
            if old.get(each) != new.get(each)
        ),
        *_values(path, old, new),
        *_fields(path, old, new, between),
        *_inside(path, old, new, between),
    ]


LASTING = ("format", "const", "pattern", "minItems", "maxItems", "contentEncoding")


def _values(path: str, old: Json, new: Json) -> list[str]:
    was, has = _list(old, "enum"), _list(new, "enum")
    if bool(was) != bool(has):
        return [f"{path}: was {_named(old)}, is {_named(new)}"]
    return [f"{path}: {value!r} is no value any more" for value in was if value not in has]


def _fields(path: str, old: Json, new: Json, between: Between) -> list[str]:
    was, has = _parts(old, "properties"), _parts(new, "properties")
    wanted, promised = set(_list(new, "required")), set(_list(old, "required"))
    found = [f"{path}.{name}: is gone" for name in was if name not in has]
    found += [f"{path}.{name}: was always there, may be missing" for name in was if name in promised - wanted]
    found += [f"{path}.{name}: is required, records of yesterday lack it" for name in has if name in wanted - promised]
    for name in was:
        if name in has:
            found += _changed(f"{path}.{name}", was[name], has[name], between)
    return found


def _inside(path: str, old: Json, new: Json, between: Between) -> list[str]:
    found: list[str] = []
    for part, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if part in old or part in new:
            found += _changed(path + mark, old.get(part, {}), new.get(part, {}), between)
    was, has = _list(old, "prefixItems"), _list(new, "prefixItems")
    for place, (one, other) in enumerate(zip(was, has, strict=False)):
        found += _changed(f"{path}[{place}]", one, other, between)
    return found + ([f"{path}: had {len(was)} places, has {len(has)}"] if len(was) != len(has) else [])


def _choices(path: str, old: Json, new: Json, between: Between) -> list[str]:
    """What may stand in one place. Null must not come, as a reader counts on a value; another kind may."""
    was = {_named(each): each for each in _alternatives(old, between.before)}
    has = {_named(each): each for each in _alternatives(new, between.now)}
    found = [f"{path}: is never {name} any more" for name in was if name not in has]
    news = {name: each for name, each in has.items() if name not in was}
    found += [f"{path}: may be {name} now" for name, each in news.items() if name == NULL or not _tagged(each)]
    for name in sorted(was.keys() & has.keys()):
        found += _changed(path, was[name], has[name], between)
    return found


def _alternatives(schema: Json, components: Components) -> list[Json]:
    choices = _list(schema, "anyOf") or [schema]
    return [_whole(each, components) for each in choices]


def _tagged(schema: Json) -> bool:
    """Whether a reader can tell by a field that it doesn't know this kind, and skip it."""
    return any("enum" in _parts(each) or "const" in _parts(each) for each in _parts(schema, "properties").values())


def _named(schema: Json) -> str:
    """What people call it: its title, else its type."""
    plain = "one of several values" if "enum" in schema else "anything"
    return str(schema.get("title") or schema.get("type") or plain)


def _whole(schema: object, components: Components) -> Json:
    """The schema, a reference resolved."""
    parts = _parts(schema)
    name = parts.get("$ref")
    return components[name.rpartition("/")[2]] if isinstance(name, str) else parts


def _parts(schema: object, name: str | None = None) -> Json:
    """`schema` as an object, or the object that it has under `name`; empty where it is none."""
    found = schema if name is None else _parts(schema).get(name)
    return found if isinstance(found, dict) else {}


def _list(schema: Json, name: str) -> list[object]:
    found = schema.get(name)
    return found if isinstance(found, list) else []
