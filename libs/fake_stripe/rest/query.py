"""What a list or retrieve call asks for, read from Stripe's form encoding."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from libs.fake_stripe.rest.problems import StripeProblem, not_an_integer

_NAME = re.compile(r"^(\w+)(?:\[(\w*)\])?$")
_BOUNDS = frozenset({"gt", "gte", "lt", "lte"})
_MOST = 100
_USUAL = 10


@dataclass(slots=True)
class Query:
    """The parameters by shape: `a=1`, `a[gte]=1`, `a[]=1` or `a[0]=1`."""

    plain: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, dict[str, int]] = field(default_factory=dict)
    arrays: dict[str, list[str]] = field(default_factory=dict)

    @property
    def limit(self) -> int:
        """How many to give, 10 unless told; raises StripeProblem outside 1 to 100."""
        value = self.plain.get("limit", str(_USUAL))
        if not value.isdecimal():
            raise not_an_integer("limit", value)
        if not 1 <= int(value) <= _MOST:
            side = f"less than or equal to {_MOST}" if int(value) > _MOST else "greater than or equal to 1"
            message = f"This value must be {side} (it currently is '{value}')."
            raise StripeProblem(400, message, "parameter_invalid_integer", "limit")
        return int(value)

    @property
    def expand(self) -> list[str]:
        """The paths to expand."""
        return self.arrays.get("expand", [])

    def names(self) -> set[str]:
        """All parameters given."""
        return {*self.plain, *self.ranges, *self.arrays}


def read_query(pairs: Iterable[tuple[str, str]]) -> Query:
    """Sort parameters by shape; raises StripeProblem for a name or a bound that can't be read."""
    query = Query()
    for name, value in pairs:
        parts = _NAME.match(name)
        if parts is None:
            raise StripeProblem(400, f"Invalid parameter name: {name}", "parameter_unknown", name)
        base, inner = parts.groups()
        if inner is None:
            query.plain[base] = value
        elif inner in _BOUNDS:
            query.ranges.setdefault(base, {})[inner] = _integer(name, value)
        elif not inner or inner.isdecimal():
            query.arrays.setdefault(base, []).append(value)
        else:
            raise StripeProblem(400, f"Received unknown parameter: {name}", "parameter_unknown", name)
    return query


def within(value: int | None, bounds: dict[str, int]) -> bool:
    """Whether a timestamp lies within all bounds; one that is null never does."""
    if value is None:
        return False
    return (
        value > bounds.get("gt", value - 1)
        and value >= bounds.get("gte", value)
        and value < bounds.get("lt", value + 1)
        and value <= bounds.get("lte", value)
    )


def _integer(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise not_an_integer(name, value) from None
