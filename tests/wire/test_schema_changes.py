"""A record may grow; it may not change under those who read it, unless its version says so."""

from typing import Literal

import msgspec
import pytest

from libs.wire.schema_changes import breaking, version_of
from libs.wire.schemas import Json


class Part(msgspec.Struct):
    at: str
    note: str | None = None


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    tricks: tuple[str, ...] = ()


def schemas(fields: list[tuple[str, object] | tuple[str, object, object]], version: int = 1) -> dict[str, Json]:
    """The schemas of a record with these fields."""
    head = ("schema_version", int, version)
    record = msgspec.defstruct("Told", [*fields, head], kw_only=True)
    return msgspec.json.schema_components([record], ref_template="#/components/schemas/{name}")[1]


PLAIN = schemas(
    [("id", str), ("kind", Literal["new", "churn"]), ("n", int, 0), ("part", Part), ("all", list[Part], [])]
)
BASE: list[tuple[str, object] | tuple[str, object, object]] = [("id", str)]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        pytest.param(PLAIN, PLAIN, [], id="nothing"),
        pytest.param(schemas(BASE), schemas([*BASE, ("more", str, "")]), [], id="a field that may be missing came"),
        pytest.param(
            schemas(BASE), schemas([*BASE, ("more", str)]),
            ["Told.more: is required, records of yesterday lack it"], id="a required field came",
        ),
        pytest.param(schemas([*BASE, ("n", int, 0)]), schemas(BASE), ["Told.n: is gone"], id="a field went"),
        pytest.param(
            schemas(BASE), schemas([("id", str, "")]),
            ["Told.id: was always there, may be missing"], id="a field may be missing now",
        ),
        pytest.param(
            schemas([("id", str, "")]), schemas(BASE),
            ["Told.id: is required, records of yesterday lack it"], id="a field must be there now",
        ),
        pytest.param(schemas(BASE), schemas([("id", int)]), ["Told.id: was string, is integer"], id="another type"),
        pytest.param(
            schemas(BASE), schemas([("id", str | None)]), ["Told.id: may be null now"], id="null came",
        ),
        pytest.param(
            schemas([("id", str | None)]), schemas(BASE), ["Told.id: is never null any more"], id="null went",
        ),
        pytest.param(
            schemas([("id", Literal["a", "b"])]), schemas([("id", Literal["a"])]),
            ["Told.id: 'b' is no value any more"], id="a value went",
        ),
        pytest.param(
            schemas([("id", Literal["a"])]), schemas([("id", Literal["a", "b"])]), [], id="a value came",
        ),
        pytest.param(
            schemas(BASE), schemas([("id", Literal["a"])]), ["Told.id: was string, is one of several values"],
            id="any text became some values",
        ),
        pytest.param(
            schemas([("x", dict[str, str])]), schemas([("x", dict[str, int])]),
            ["Told.x{}: was string, is integer"], id="values of a map",
        ),
        pytest.param(
            schemas([("x", list[str])]), schemas([("x", list[int])]),
            ["Told.x[]: was string, is integer"], id="in a list",
        ),
        pytest.param(
            schemas([("x", tuple[str, int])]), schemas([("x", tuple[str, str])]),
            ["Told.x[1]: was integer, is string"], id="a place of a tuple",
        ),
        pytest.param(
            schemas([("x", Cat)]), schemas([("x", Cat | Dog)]), [], id="another kind, told apart by its tag",
        ),
        pytest.param(
            schemas([("x", Cat | Dog)]), schemas([("x", Dog)]), ["Told.x: is never Cat any more"], id="a kind went",
        ),
        pytest.param(schemas(BASE, 1), schemas([("id", int)], 2), [], id="a new version may"),
        pytest.param(schemas(BASE), {}, ["Told: is gone"], id="the record went"),
    ],
)  # fmt: skip
def test_what_breaks_a_reader(before: dict[str, Json], now: dict[str, Json], told: list[str]) -> None:
    assert breaking(before, now) == told


def test_a_part_of_a_record_is_looked_at_where_it_stands() -> None:
    now = msgspec.json.decode(msgspec.json.encode(PLAIN), type=dict[str, Json])
    now["Part"] = {**now["Part"], "required": []}
    said = "was always there, may be missing"
    assert breaking(PLAIN, now) == [f"Told.part.at: {said}", f"Told.all[].at: {said}"]


def test_the_format_of_a_text_is_part_of_it() -> None:
    now = msgspec.json.decode(msgspec.json.encode(PLAIN), type=dict[str, Json])
    properties = now["Told"]["properties"]
    assert isinstance(properties, dict)
    properties["id"] = {"type": "string", "format": "date-time"}
    assert breaking(PLAIN, now) == ["Told.id: format was None, is date-time"]


def test_a_record_says_its_version() -> None:
    assert (version_of(schemas(BASE, 3)["Told"]), version_of({})) == (3, 0)
