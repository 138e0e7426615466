"""The allow-list as types of a compiled JSON reader: what is not on it is skipped, what does not fit is refused."""

from functools import lru_cache
from typing import Annotated, Union

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from libs.wire.stripe_event.allow_list import Kept, fields_of
from libs.wire.stripe_event.kept_fields import EACH, METADATA, Fields
from libs.wire.stripe_event.kinds import Kind

_INT = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_NUMBER = Annotated[float, Meta(gt=-(2**63), lt=2**63)]  # rates of taxes and discounts, passed on as they came
_SCALAR = str | bool | None | _INT | _NUMBER
Field = tuple[str, object, object]


@lru_cache(64)
def reader_of(kind: Kind, kept: Kept) -> "msgspec.json.Decoder[Struct]":
    """A reader of objects of this kind that keeps what is on the list; fields that are absent are UNSET.

    It refuses (msgspec.DecodeError) what an object of Stripe seldom holds there: something expanded where an id is
    wanted, a number beyond 64 bits.
    """
    return msgspec.json.Decoder(_struct(str(kind), fields_of(kind, kept), kept))


def _struct(name: str, fields: Fields, kept: Kept) -> type[Struct]:
    return msgspec.defstruct(name, [_field(field, inner, kept) for field, inner in fields.items()])


def _field(name: str, inner: Fields, kept: Kept) -> Field:
    return name, _either(_type(name, inner, kept), UnsetType), UNSET


def _type(name: str, inner: Fields, kept: Kept) -> object:
    if inner is METADATA:
        return _either(_metadata(kept.metadata_keys), _SCALAR)
    if EACH in inner:
        return _either(dict.__class_getitem__((str, _type(name, inner[EACH], kept))), _SCALAR)
    if not inner:
        return _either(list.__class_getitem__(_SCALAR), _SCALAR)
    nested = _struct(name, inner, kept)
    return _either(nested, list.__class_getitem__(_either(nested, _SCALAR)), _SCALAR)


def _metadata(keys: frozenset[str]) -> type[Struct]:
    """People choose these keys, so they need not be names in Python."""
    numbered = {f"key{number}": key for number, key in enumerate(sorted(keys))}
    fields = [(name, _either(_SCALAR, UnsetType), UNSET) for name in numbered]
    return msgspec.defstruct("metadata", fields, rename=numbered)


def _either(*types: object) -> object:
    union: object = Union.__getitem__(types)
    return union
