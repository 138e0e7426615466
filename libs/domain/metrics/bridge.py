"""The bridge of a period: what MRR was at its start, what each kind of movement added, what it was at its end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind
from libs.domain.metrics.period import Span
from libs.domain.money import round_half_up

NOTHING = Fraction(0)


def summed(parts: Sequence[tuple[int, int]]) -> Fraction:
    """The sum of numerators over denominators, reduced once: series add up thousands of them."""
    if len(parts) == 1:
        return Fraction(*parts[0])
    common = lcm(*(den for _, den in parts))
    return Fraction(sum(num * (common // den) for num, den in parts), common)


@dataclass(frozen=True, slots=True)
class Bridge:
    """Exact minor units of one currency; `moved` is signed: `end` = `start` + the sum of all kinds."""

    start: Fraction = NOTHING
    moved: Mapping[MovementKind, Fraction] = field(default_factory=dict)

    def by(self, kind: MovementKind) -> Fraction:
        """What movements of this kind added, signed."""
        return self.moved.get(kind, NOTHING)

    @property
    def net(self) -> Fraction:
        return summed([(amount.numerator, amount.denominator) for amount in self.moved.values()])

    @property
    def end(self) -> Fraction:
        return self.start + self.net

    @property
    def lost(self) -> Fraction:
        """Churn and contraction together, as a loss that is not negative."""
        return -(self.by(MovementKind.CHURN) + self.by(MovementKind.CONTRACTION))

    @property
    def is_empty(self) -> bool:
        return not self.start and not any(self.moved.values())


def bridge(movements: Iterable[Movement], span: Span) -> Bridge:
    """The bridge over `span` of movements of one currency."""
    start, moved = NOTHING, dict.fromkeys(MovementKind, NOTHING)
    for movement in movements:
        if movement.occurred_at < span.begin:
            start += movement.amount
        elif span.holds(movement.occurred_at):
            moved[movement.kind] += movement.amount
    return Bridge(start, moved)


def bridges(movements: Sequence[Movement], span: Span) -> dict[Currency, Bridge]:
    """A bridge for each currency that the ledger is kept in, by its code."""
    currencies = sorted({movement.currency for movement in movements})
    return {code: bridge((one for one in movements if one.currency == code), span) for code in currencies}


def rounded(of: Bridge) -> dict[str, int]:
    """The bridge in whole minor units that still add up: each part is what the rounded running sum grows by."""
    running, shown = of.start, {"start": round_half_up(of.start)}
    for kind in MovementKind:
        before, running = round_half_up(running), running + of.by(kind)
        shown[kind.value] = round_half_up(running) - before
    shown["end"] = round_half_up(of.end)
    shown["net"] = shown["end"] - shown["start"]
    return shown


def active_clients(movements: Iterable[Movement], span: Span) -> frozenset[ClientId]:
    """The clients with MRR, in whatever currency, just before `span` begins."""
    balances: dict[tuple[ClientId, Currency], Fraction] = {}
    for movement in movements:
        if movement.occurred_at < span.begin:
            balances[movement.client, movement.currency] = movement.after
    return frozenset(client for (client, _), amount in balances.items() if amount)
