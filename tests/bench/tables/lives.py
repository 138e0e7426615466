"""Clients' lives for large tables: a few thousand different ones, each of which many clients have."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random

from libs.domain.metrics.cells import Cell, Cells, Entry, cells, labelled

MOVEMENTS = 5
DAYS = 730
PRICES = (1900, 4900, 9900, 29_900, 99_900)
DENOMINATORS = (1, 1, 1, 1, 12, 3)


@dataclass(frozen=True, slots=True)
class Step:
    """One movement of a life."""

    number: int
    kind: str
    at: datetime
    before: Fraction
    after: Fraction
    reason: str
    feedback: str | None

    @property
    def entry(self) -> Entry:
        """As the daily sums take it."""
        reason = "cancellation_requested" if self.feedback else None
        why = labelled(self.kind, self.reason, None, reason, self.feedback)
        name = f"{self.number}"
        return Entry(name, self.at, self.kind, "usd", self.after - self.before, self.after, why)


def lives(count: int, now: datetime) -> Iterator[tuple[Step, ...]]:
    """Different lives of the last two years, the same at each run."""
    chance = Random(17)
    for _ in range(count):
        yield tuple(_life(chance, now))


def sums(told: Iterator[tuple[Step, ...]] | list[tuple[Step, ...]], copies: int) -> Cells:
    """The daily sums of all of them, where each is lived so many times."""
    found: dict[Cell, tuple[int, int]] = {}
    for life in told:
        for cell, (num, n) in cells((step.entry for step in life), "UTC").items():
            held = found.get(cell, (0, 0))
            found[cell] = held[0] + num * copies, held[1] + n * copies
    return {cell: each for cell, each in found.items() if each != (0, 0)}


def _life(chance: Random, now: datetime) -> Iterator[Step]:
    days = sorted(chance.sample(range(1, DAYS), MOVEMENTS))
    unit = Fraction(chance.choice(PRICES), chance.choice(DENOMINATORS))
    before, known = Fraction(0), False
    for number, day in enumerate(days):
        at = (now - timedelta(days=DAYS - day)).replace(hour=12, minute=0, second=0, microsecond=0)
        kind, after = _turn(chance, before, unit, known)
        feedback = chance.choice(("too_expensive", "unused", "missing_features")) if kind == "churn" else None
        yield Step(number, kind, at, before, after, _reason(chance, kind), feedback)
        before, known = after, True


def _turn(chance: Random, before: Fraction, unit: Fraction, known: bool) -> tuple[str, Fraction]:
    if before == 0:
        return ("reactivation" if known else "new"), unit
    drawn = chance.random()
    if drawn < 0.25:
        return "churn", Fraction(0)
    if drawn < 0.45 and before > unit:
        return "contraction", before - unit
    return "expansion", before + unit * chance.randint(1, 3)


def _reason(chance: Random, kind: str) -> str:
    if kind == "churn":
        return chance.choice(("cancellation", "cancellation", "payment_failure"))
    if kind in ("new", "reactivation"):
        return "subscription_started"
    return chance.choice(("plan_change", "quantity_change"))
