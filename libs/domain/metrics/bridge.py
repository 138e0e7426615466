"""The bridge of a period: what MRR was at its start, what each kind of movement added, what it was at its end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind
from libs.domain.metrics.period import Span
from libs.domain.money import ratio_half_up

NOTHING = Fraction(0)
LOSING = (MovementKind.CHURN, MovementKind.CONTRACTION)


def summed(parts: Sequence[tuple[int, int]]) -> Fraction:
    """The sum of numerators over denominators, reduced once: series add up thousands of them."""
    if len(parts) == 1:
        return Fraction(*parts[0])
    common = lcm(*(den for _, den in parts))
    return Fraction(sum(num * (common // den) for num, den in parts), common)


@dataclass(frozen=True, slots=True)
class Bridge:
    """Exact minor units of one currency, as numerators over the denominator that they share: series add up and show
    thousands of them. What moved is signed: `end` = `start` + the sum of all kinds."""

    opening: int = 0
    parts: Mapping[MovementKind, int] = field(default_factory=dict)
    den: int = 1

    @classmethod
    def of(cls, start: Fraction, moved: Mapping[MovementKind, Fraction]) -> "Bridge":
        """The bridge of these amounts."""
        den = lcm(start.denominator, *(amount.denominator for amount in moved.values()))
        parts = {kind: amount.numerator * (den // amount.denominator) for kind, amount in moved.items()}
        return cls(start.numerator * (den // start.denominator), parts, den)

    def by(self, kind: MovementKind) -> Fraction:
        """What movements of this kind added, signed."""
        return Fraction(self.parts.get(kind, 0), self.den)

    @property
    def closing(self) -> int:
        """The numerator of `end`."""
        return self.opening + sum(self.parts.values())

    @property
    def start(self) -> Fraction:
        return Fraction(self.opening, self.den)

    @property
    def net(self) -> Fraction:
        return Fraction(sum(self.parts.values()), self.den)

    @property
    def end(self) -> Fraction:
        return Fraction(self.closing, self.den)

    @property
    def lost(self) -> Fraction:
        """Churn and contraction together, as a loss that is not negative."""
        return Fraction(-sum(self.parts.get(kind, 0) for kind in LOSING), self.den)

    @property
    def is_empty(self) -> bool:
        return not self.opening and not any(self.parts.values())


def bridge(movements: Iterable[Movement], span: Span) -> Bridge:
    """The bridge over `span` of movements of one currency."""
    start, moved = NOTHING, dict.fromkeys(MovementKind, NOTHING)
    for movement in movements:
        if movement.occurred_at < span.begin:
            start += movement.amount
        elif span.holds(movement.occurred_at):
            moved[movement.kind] += movement.amount
    return Bridge.of(start, moved)


def bridges(movements: Sequence[Movement], span: Span) -> dict[Currency, Bridge]:
    """A bridge for each currency that the ledger is kept in, by its code."""
    currencies = sorted({movement.currency for movement in movements})
    return {code: bridge((one for one in movements if one.currency == code), span) for code in currencies}


def rounded(of: Bridge) -> dict[str, int]:
    """The bridge in whole minor units that still add up: each part is what the rounded running sum grows by."""
    running, before = of.opening, ratio_half_up(of.opening, of.den)
    shown = {"start": before}
    for kind in MovementKind:
        running += of.parts.get(kind, 0)
        after = ratio_half_up(running, of.den)
        shown[kind.value], before = after - before, after
    shown["end"] = before
    shown["net"] = before - shown["start"]
    return shown


def active_clients(movements: Iterable[Movement], span: Span) -> frozenset[ClientId]:
    """The clients with MRR, in whatever currency, just before `span` begins."""
    balances: dict[tuple[ClientId, Currency], Fraction] = {}
    for movement in movements:
        if movement.occurred_at < span.begin:
            balances[movement.client, movement.currency] = movement.after
    return frozenset(client for (client, _), amount in balances.items() if amount)
