"""Segments of clients by their MRR: Enterprise, Growth, Starter, by thresholds that a project may set."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from services.api.database import Connection
from services.api.problems import FieldError, Refused, bad_query
from services.api.queries import segments as stored
from services.api.queries.segments import Bounds

AT_RISK = "at_risk"
Segment = Literal["enterprise", "growth", "starter"]
LOWEST, HIGHEST = "0" * 40, ":"  # ":" follows "9"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A client's MRR (major units, base currency) from which on it is Enterprise, or Growth; less is Starter.
    `is_kept`: all clients are kept by them, so that sums of segments need no counting."""

    enterprise: Decimal = Decimal(1000)
    growth: Decimal = Decimal(100)
    is_kept: bool = True


def segment_of(mrr: Decimal, limits: Thresholds) -> str | None:
    """The segment of a client with this MRR; None without any."""
    if mrr <= 0:
        return None
    if mrr >= limits.enterprise:
        return "enterprise"
    return "growth" if mrr >= limits.growth else "starter"


def bounds_of(segment: str, limits: Thresholds) -> Bounds:
    """The sortable MRR by which a client is in the segment. Raises Refused."""
    enterprise, growth = sortable(limits.enterprise), sortable(limits.growth)
    found = {
        "enterprise": (enterprise, HIGHEST),
        "growth": (growth, enterprise),
        "starter": (sortable(Decimal("0.001")), growth),
    }
    if segment not in found:
        raise Refused(bad_query([FieldError("segment", f"must be one of {', '.join(found)}")]))
    return Bounds(segment, *found[segment], limits.is_kept)


def sortable(amount: Decimal) -> str:
    """As `clients.mrr_order` keeps it: thousandths, so long that texts sort like numbers."""
    return str(int((amount * 1000).to_integral_value(rounding="ROUND_CEILING"))).rjust(40, "0")


def thresholds_of(given: Mapping[str, object]) -> Thresholds:
    """Thresholds as they are set. Raises ValueError telling which one makes no sense."""
    values: dict[str, Decimal] = {"enterprise": Thresholds().enterprise, "growth": Thresholds().growth}
    for name, text in given.items():
        if name not in values:
            raise ValueError(f"{name}: there are enterprise and growth")
        try:
            values[name] = Decimal(str(text))
        except InvalidOperation as error:
            raise ValueError(f"{name}: must be an amount in major units, such as 500.00") from error
        if not values[name].is_finite() or not 0 < values[name] < Decimal(10) ** 30:
            raise ValueError(f"{name}: must be above 0")
    if values["growth"] >= values["enterprise"]:
        raise ValueError("growth: must be less than enterprise")
    return Thresholds(values["enterprise"], values["growth"])


async def thresholds(connection: Connection, project: str) -> Thresholds:
    """What the project has set."""
    found = await stored.thresholds(connection, project)
    if found is None:
        return Thresholds()
    text, is_kept = found
    return replace(thresholds_of(msgspec.json.decode(text)), is_kept=is_kept)
