"""A client's closed history in fewer movements: what is asked of the ledger afterwards has the same answers.

Who came and who left stays, at its instant; what changed in between is put into the first movement of its currency.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from libs.domain.metrics.cells import Entry, in_order

NOTHING = Fraction(0)
ALWAYS_KEPT = frozenset({"new", "churn", "reactivation"})


def condensed(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries that stay, their amounts changed, in their order. All of a life stays as it is where a currency
    came and went within it, as the client would else seem to have begun at another time."""
    kept: list[Entry] = []
    life = _Life()
    for entry in in_order(entries):
        life.take(entry)
        if not any(life.balance.values()):
            kept += life.told()
            life = _Life()
    return (*kept, *life.told())


@dataclass(slots=True)
class _Life:
    """A client from when it became active until it ceased to be. `merged` are the movements by place that stay."""

    all: list[Entry] = field(default_factory=list)
    balance: dict[str, Fraction] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    merged: list[Entry] = field(default_factory=list)

    def take(self, entry: Entry) -> None:
        self.all.append(entry)
        self.balance[entry.currency] = self.balance.get(entry.currency, NOTHING) + entry.amount
        place = self.first.get(entry.currency)
        if place is None or entry.kind in ALWAYS_KEPT or not any(self.balance.values()):
            self.first.setdefault(entry.currency, len(self.merged))
            self.merged.append(entry)
        else:
            held = self.merged[place]
            self.merged[place] = replace(held, amount=held.amount + entry.amount, after=held.after + entry.amount)

    def told(self) -> list[Entry]:
        begins = [self.merged[place] for place in self.first.values()]
        return self.all if any(entry.amount == 0 for entry in begins) else self.merged
