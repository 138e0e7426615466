"""Specs and changes from JSON, for callers in another process."""

import dataclasses
from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from libs.fake_stripe import changes
from libs.fake_stripe.engine import Engine
from libs.fake_stripe.json_types import Json

_OPERATIONS = frozenset(name for name in vars(Engine) if not name.startswith("_"))


def run_operation(engine: Engine, operation: str, arguments: Mapping[str, Any]) -> object:
    """Call an operation of the engine by name, its specs given as hashes and `changes` as an array.

    Raises ValueError for an unknown operation, TypeError for arguments that it doesn't take.
    """
    if operation not in _OPERATIONS:
        raise ValueError(f"operation {operation!r} is unknown: use one of {', '.join(sorted(_OPERATIONS))}")
    method = getattr(engine, operation)
    hints = get_type_hints(method)
    wanted = [_change(each) for each in arguments.get("changes", ())]
    named = {name: value_of(hints.get(name, object), value) for name, value in arguments.items() if name != "changes"}
    if operation == "update_subscription":
        return method(named.pop("subscription"), *wanted, **named)
    return method(**named)


def value_of(hint: Any, value: Any) -> Any:
    """Make a value of a declared type from JSON: dataclasses from hashes, tuples from arrays."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
        hints = get_type_hints(hint)
        return hint(**{name: value_of(hints.get(name, object), each) for name, each in value.items()})
    if get_origin(hint) is tuple:
        return tuple(value_of(get_args(hint)[0], each) for each in value)
    if get_origin(hint) in (Union, UnionType) and value is not None:
        return value_of(get_args(hint)[0], value)
    return value


def _change(described: Json) -> changes.Change:
    kinds = {kind.__name__: kind for kind in get_args(changes.Change)}
    name = described.get("change")
    if name not in kinds:
        raise ValueError(f"change {name!r} is unknown: use one of {', '.join(sorted(kinds))}")
    fields = {field: value for field, value in described.items() if field != "change"}
    made: changes.Change = value_of(kinds[name], fields)
    return made
