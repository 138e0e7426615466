"""What one client's movements add to a project's daily sums.

Every figure of the ledger over whole days is a sum over these cells, so none has to look at movements again. A cell has
a day and an edge. Where a figure asks who was there when a period began, each change carries, as edges, the days on
which its client became active and ceased to be: a client was active at the begin of a day when more of its starts than
of its ends lie before it. What lies on or after the begin is then taken off again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from itertools import groupby
from zoneinfo import ZoneInfo

NEVER = date.min
NOTHING = Fraction(0)
KEPT_KINDS = frozenset({"expansion", "contraction", "churn"})
COUNTED_KINDS = frozenset({"new", "churn"})
# Within an instant rates change first, then customers come and go, then subscriptions change.
TURNS = {"fx": 0, "transfer": 1}
SEPARATOR = "|"


class Measure(StrEnum):
    """MOVED: by kind. WHY: by kind, reason, direction of a plan change, cancellation's reason and feedback. KEPT: by
    kind, of clients who were there. AGAIN: a client's further movement of a kind. ACTIVE: clients that became active
    less those that ceased. AWAY: those that left to stay away. The cohorts' by month, the edge is the cohort. TRIAL:
    began, ended, converted. PAID and REFUNDED. INVOICES: by status. Those by MONTH stand at its first day, their edges
    at the first day of theirs; those by EDGES at the first day of their month, their edges as they are."""

    MOVED = "moved"
    MOVED_MONTH = "moved_month"
    WHY = "why"
    WHY_MONTH = "why_month"
    KEPT = "kept"
    KEPT_MONTH = "kept_month"
    KEPT_EDGES = "kept_edges"
    AGAIN = "again"
    AGAIN_MONTH = "again_month"
    AGAIN_EDGES = "again_edges"
    ACTIVE = "active"
    ACTIVE_MONTH = "active_month"
    AWAY = "away"
    AWAY_MONTH = "away_month"
    AWAY_EDGES = "away_edges"
    COHORT_BEGAN = "cohort_began"
    COHORT_MRR = "cohort_mrr"
    COHORT_ACTIVE = "cohort_active"
    TRIAL = "trial"
    PAID = "paid"
    REFUNDED = "refunded"
    INVOICES = "invoices"


BY_MONTH = {
    Measure.MOVED: Measure.MOVED_MONTH,
    Measure.WHY: Measure.WHY_MONTH,
    Measure.ACTIVE: Measure.ACTIVE_MONTH,
    Measure.KEPT: Measure.KEPT_MONTH,
    Measure.AGAIN: Measure.AGAIN_MONTH,
    Measure.AWAY: Measure.AWAY_MONTH,
}
"""What is kept by day, and by month beside it."""
BY_EDGE = {
    Measure.KEPT: Measure.KEPT_EDGES,
    Measure.AGAIN: Measure.AGAIN_EDGES,
    Measure.AWAY: Measure.AWAY_EDGES,
}
"""What is kept by month and the days of its edges, too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement as the sums need it; `why` is the label that WHY goes by."""

    id: str
    at: datetime
    kind: str
    currency: str
    amount: Fraction
    after: Fraction
    why: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a sum is kept. `den` is the denominator that its numerators share, so that they add up as integers."""

    measure: Measure
    day: date
    edge: date = NEVER
    currency: str = ""
    label: str = ""
    den: int = 1


Cells = dict[Cell, tuple[int, int]]
"""The numerator and the count of each cell."""


def cells(entries: Iterable[Entry], timezone: str) -> Cells:
    """The cells of one client's whole life, days in the project's zone."""
    walk = _Walk(ZoneInfo(timezone))
    for at, together in groupby(in_order(entries), key=lambda one: one.at):
        walk.take(at.astimezone(walk.zone).date(), tuple(together))
    return {cell: sums for cell, sums in walk.found.items() if sums != (0, 0)}


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """The entries one after the other, as they are told."""
    return sorted(entries, key=lambda one: (one.at, TURNS.get(one.kind, 2), one.id))


def difference(before: Cells, after: Cells) -> Cells:
    """What must be added to `before` to have `after`."""
    changes = {cell: (-num, -n) for cell, (num, n) in before.items()}
    for cell, (num, n) in after.items():
        held = changes.get(cell, (0, 0))
        changes[cell] = held[0] + num, held[1] + n
    return {cell: sums for cell, sums in changes.items() if sums != (0, 0)}


@dataclass(slots=True)
class _Walk:
    """One client while its life is told. `edges` are its starts (+1) and ends (-1) so far; `left` how many of them
    belong to the last life that a churn ended (0: none did)."""

    zone: ZoneInfo
    found: Cells = field(default_factory=dict)
    balance: dict[str, Fraction] = field(default_factory=dict)
    edges: list[tuple[date, int]] = field(default_factory=list)
    latest: dict[str, date] = field(default_factory=dict)
    left: int = 0
    cohort: date | None = None
    early: list[tuple[date, Entry]] = field(default_factory=list)

    def take(self, day: date, together: tuple[Entry, ...]) -> None:
        """All movements of one instant."""
        was_active = self.is_active
        for entry in together:
            self._moved(day, entry, was_active)
            self.balance[entry.currency] = self.balance.get(entry.currency, NOTHING) + entry.amount
        # By how much a client that is away counts as gone may be another after any instant: also after one in which a
        # customer came back and was lost.
        if not was_active:
            self._away(day, -1)
        if self.is_active != was_active:
            self._turned(day)
        if not self.is_active:
            if any(entry.kind == "churn" for entry in together):
                self.left = len(self.edges)
            self._away(day, 1)

    @property
    def is_active(self) -> bool:
        return any(self.balance.values())

    def _moved(self, day: date, entry: Entry, was_active: bool) -> None:
        self._add(Cell(Measure.MOVED, day, label=entry.kind), entry)
        self._add(Cell(Measure.WHY, day, label=entry.why), entry)
        if entry.kind in KEPT_KINDS:
            if was_active:
                self._add(Cell(Measure.KEPT, day, label=entry.kind), entry)
            for edge, sign in self.edges:
                self._add(Cell(Measure.KEPT, day, edge, label=entry.kind), entry, sign)
        if entry.kind in COUNTED_KINDS:
            if entry.kind in self.latest:
                self._count(Cell(Measure.AGAIN, day, self.latest[entry.kind], label=entry.kind), 1)
            self.latest[entry.kind] = day
        self._in_cohort(day.replace(day=1), entry)

    def _in_cohort(self, month: date, entry: Entry) -> None:
        """A cohort's months count the movements from before its first positive one too; they add up to nothing."""
        if self.cohort is None and entry.after > 0:
            self.cohort = month
            began = Cell(Measure.COHORT_BEGAN, month, month, entry.currency, den=entry.after.denominator)
            self._put(began, entry.after.numerator, 1)
            for earlier, told in self.early:
                self._add(Cell(Measure.COHORT_MRR, earlier, month), told)
        if self.cohort is None:
            self.early.append((month, entry))
        else:
            self._add(Cell(Measure.COHORT_MRR, month, self.cohort), entry)

    def _turned(self, day: date) -> None:
        """The client became active, or ceased to be."""
        sign = 1 if self.is_active else -1
        self._count(Cell(Measure.ACTIVE, day), sign)
        if self.cohort is not None:
            self._count(Cell(Measure.COHORT_ACTIVE, day.replace(day=1), self.cohort), sign)
        self.edges.append((day, sign))

    def _away(self, day: date, sign: int) -> None:
        for edge, counted in self.edges[: self.left]:
            self._count(Cell(Measure.AWAY, day, edge), sign * counted)

    def _add(self, at: Cell, entry: Entry, sign: int = 1) -> None:
        cell = Cell(at.measure, at.day, at.edge, entry.currency, at.label, entry.amount.denominator)
        self._put(cell, sign * entry.amount.numerator, sign)

    def _count(self, cell: Cell, n: int) -> None:
        self._put(cell, 0, n)

    def _put(self, cell: Cell, num: int, n: int) -> None:
        for each in (cell, *_in_month(cell)):
            held = self.found.get(each, (0, 0))
            self.found[each] = held[0] + num, held[1] + n


def _in_month(cell: Cell) -> Iterator[Cell]:
    """The same sum by month, where it is kept."""
    measure, rest = BY_MONTH.get(cell.measure), (cell.currency, cell.label, cell.den)
    if measure is None:
        return
    month = cell.day.replace(day=1)
    yield Cell(measure, month, cell.edge.replace(day=1), *rest)  # of NEVER, NEVER
    if cell.edge != NEVER:
        yield Cell(BY_EDGE[cell.measure], month, cell.edge, *rest)


def labelled(*parts: str | None) -> str:
    """A label of several parts, any of which may be missing."""
    return SEPARATOR.join(part or "" for part in parts)


def parts_of(label: str) -> Iterator[str | None]:
    """What `labelled` put together."""
    return (part or None for part in label.split(SEPARATOR))
