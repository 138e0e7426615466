"""Stripe's objects as they travel: JSON, copied whenever they leave the place that changes them."""

from collections.abc import Mapping
from typing import Any

import orjson

Json = dict[str, Any]


def frozen_copy(value: Mapping[str, Any]) -> Json:
    """Take a JSON object, give an independent deep copy of it."""
    copy: Json = orjson.loads(orjson.dumps(value))
    return copy


def filled(blank: Mapping[str, Any], **values: object) -> Json:
    """Take an object whose fields have their usual values, give a copy with some set.

    Raises KeyError for a field that the object doesn't have.
    """
    if unknown := values.keys() - blank.keys():
        raise KeyError(f"{blank['object']} has no field {', '.join(sorted(unknown))}")
    return {**frozen_copy(blank), **values}
