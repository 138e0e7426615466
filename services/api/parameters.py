"""Queries and bodies as checked values: each has a model, and every wrong field is named at once."""

from collections.abc import Iterator
from typing import Protocol, TypeVar

import msgspec

from services.api.problems import FieldError, Refused, bad_body, bad_query

NUL = "\0"


class Given(Protocol):
    """What a request's query does: names, each with one or more values."""

    def __iter__(self) -> Iterator[str]: ...

    def getall(self, key: str, default: list[str]) -> list[str]: ...


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of an address; a subclass lists them with their bounds."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request's JSON; a subclass lists its fields."""


AnyQuery = TypeVar("AnyQuery", bound=Query)
AnyBody = TypeVar("AnyBody", bound=Body)


def read_query(model: type[AnyQuery], given: Given) -> AnyQuery:
    """The parameters as `model`. Raises Refused naming each unknown, repeated or wrong one."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(model)}
    errors = [
        FieldError(name, "is no parameter of this address") for name in dict.fromkeys(given) if name not in fields
    ]
    values: dict[str, object] = {}
    for name, field in fields.items():
        found = given.getall(name, [])
        try:
            if found:
                values[field.name] = _one(found, field.type)
            elif field.required:
                errors.append(FieldError(name, "is missing"))
        except ValueError as error:  # msgspec's ValidationError is one
            errors.append(FieldError(name, _reason(error)))
    if errors:
        raise Refused(bad_query(errors))
    return model(**values)


def read_body(model: type[AnyBody], data: bytes) -> AnyBody:
    """The body as `model`. Raises Refused with the path of the first fault."""
    try:
        return msgspec.json.decode(data, type=model)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        path, reason = _path_and_reason(error)
        raise Refused(bad_body([FieldError(path, reason)])) from error


def _one(found: list[str], kind: type) -> object:
    if len(found) > 1:
        raise ValueError("is given more than once")
    if NUL in found[0]:
        raise ValueError("must not contain U+0000")
    found[0].encode()  # a lone surrogate is a ValueError too
    value: object = msgspec.convert(found[0], kind, strict=False)
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "is not valid UTF-8"
    return str(error).partition(" - at `")[0]


def _path_and_reason(error: Exception) -> tuple[str, str]:
    if isinstance(error, RecursionError):
        return "body", "is nested too deep"
    reason, _, place = str(error).partition(" - at `$")
    return place.rstrip("`").lstrip(".") or "body", reason
