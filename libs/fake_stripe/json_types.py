"""Stripe's objects as they travel: JSON, copied whenever they leave the place that changes them."""

from collections.abc import Mapping
from typing import Any

import orjson

Json = dict[str, Any]


def frozen_copy(value: Mapping[str, Any]) -> Json:
    """Take a JSON object, give an independent deep copy of it."""
    copy: Json = orjson.loads(orjson.dumps(value))
    return copy
