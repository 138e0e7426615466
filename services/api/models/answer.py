"""What every model of an answer shares, and the pieces that most of them are made of."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

Instant = Annotated[datetime, Meta(tz=True)]
Amount = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="Major units, rounded half up once.")]
Exact = Annotated[
    str,
    Meta(pattern=r"^-?[0-9]+(/[0-9]+)?$", description="Minor units before any rounding, a whole number or a fraction."),
]
Currency = Annotated[str, Meta(pattern="^[a-z]{3,4}$", description="ISO 4217, in lower case.")]
Rate = Annotated[
    str, Meta(pattern=r"^-?[0-9]+\.[0-9]{6}$", description="A fraction of 1 with six places; null where undefined.")
]
Cursor = Annotated[str, Meta(description="Ask for the next page with this as `cursor`; null on the last one.")]
Mode = Literal["live", "test"]
Severity = Literal["low", "medium", "high", "critical"]
AnyJson = Annotated[Any, Meta(extra_json_schema={})]


def one_of(*names: str) -> dict[str, list[dict[str, str]]]:
    """The schema of a value that is exactly one of these models."""
    return {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object of an answer. A field that may be missing is `UNSET`; null is a value."""


class Fresh(Answer, frozen=True):
    """Figures, and how old they are."""

    as_of: Annotated[Instant, Meta(description="All that happened up to then is in it.")] | None
    freshness_seconds: Annotated[float, Meta(ge=0)] | None


class Money(Answer, frozen=True):
    """One amount, rounded, with the exact one beside it."""

    amount: Amount
    currency: Currency
    exact: Exact


class MoneyByCurrency(Answer, frozen=True):
    """Amounts of several currencies, which are never added up. `missing_rates`: currencies that have no rate in the
    project's base currency."""

    by_currency: dict[str, Amount]
    exact: dict[str, Exact]
    missing_rates: list[Currency] | UnsetType = UNSET


class Shown(Answer, frozen=True):
    """One amount as it is shown."""

    amount: Amount
    currency: Currency


class ShownByCurrency(Answer, frozen=True):
    """Amounts of several currencies as they are shown."""

    by_currency: dict[str, Amount]


class Days(Answer, frozen=True):
    """A period's first and last day in the project's zone, both included."""

    from_: date = field(name="from")
    to: date


class Recounting(Answer, frozen=True):
    """How far the ledger is that is being built because the policy changed."""

    clients_done: int
    clients_total: int


# A sum: in the base currency or the only one, else by currency.
Total = Annotated[object, Meta(extra_json_schema=one_of("Money", "MoneyByCurrency"))]
SignalMoney = Annotated[object, Meta(extra_json_schema=one_of("Shown", "ShownByCurrency"))]
NAMED_ELSEWHERE: tuple[type[Answer], ...] = (Money, MoneyByCurrency, Shown, ShownByCurrency)
"""Models that others name only by their reference."""
