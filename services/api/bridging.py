"""Bridges from the ledger's sums: numerators over one denominator, as a series may have ten thousand of them."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import lcm

from libs.domain.identity import Currency
from libs.domain.ledger import Movement, MovementKind
from libs.domain.metrics import Bridge, Measured, Period, span_of
from libs.domain.metrics.bridge import summed
from libs.domain.metrics.cells import Measure
from services.api.queries.ledger import Sum

KINDS = {kind.value: kind for kind in MovementKind}
Sums = dict[Currency, Fraction]
Bridges = Mapping[Currency, Bridge]


def worth(sums: Iterable[Sum]) -> Sums:
    """The exact amounts by currency."""
    parts: dict[Currency, list[tuple[int, int]]] = {}
    for one in sums:
        parts.setdefault(Currency(one.currency), []).append((one.num, one.den))
    return {code: summed(all_of) for code, all_of in parts.items()}


def by_period(sums: Iterable[Sum], count: int) -> list[list[Sum]]:
    """The sums of each of so many periods."""
    found: list[list[Sum]] = [[] for _ in range(count)]
    for one in sums:
        found[one.number].append(one)
    return found


def bridges_of(at_start: Sums, moved: Sequence[Sequence[Sum]]) -> list[dict[Currency, Bridge]]:
    """Of what moved in each period. They follow one another: where one ends the next one starts."""
    dens = _denominators(at_start, moved)
    start, found = _numerators(at_start, dens), []
    for sums in moved:
        parts = _parts(sums, dens)
        codes = sorted({*start, *parts})
        bridges = {code: Bridge(start.get(code, 0), parts.get(code, {}), dens[code]) for code in codes}
        start = {code: one.closing for code, one in bridges.items()}
        found.append({code: one for code, one in bridges.items() if not one.is_empty})
    return found


def bridged(sums: Sequence[Sum], count: int) -> list[Measured]:
    """Bridges alone, of `count` periods that follow one another; number 0 of the sums is all that was before them."""
    before, *moved = by_period(sums, count + 1)
    return [Measured(bridges=one) for one in bridges_of(worth(before), moved)]


def sums_of(movements: Iterable[Movement], periods: Sequence[Period], timezone: str) -> list[Sum]:
    """What moved in each of some periods that follow one another, as `bridged` takes it: one entry each."""
    spans = [span_of(period, timezone) for period in periods]
    begins, end = [one.begin for one in spans], spans[-1].end
    return [
        Sum(bisect_right(begins, one.occurred_at), Measure.MOVED, one.currency, one.kind, den, num, 1)
        for one in movements
        if one.occurred_at < end
        for num, den in [one.amount.as_integer_ratio()]
    ]


def stayed(of: Bridges, sums: Sequence[Sum]) -> dict[Currency, Bridge]:
    """Bridges that start as these, by what moved of some of the clients."""
    starts = {code: one.start for code, one in of.items()}
    dens = _denominators(starts, [sums])
    opening, parts = _numerators(starts, dens), _parts(sums, dens)
    return {code: Bridge(opening[code], parts.get(code, {}), dens[code]) for code in starts}


def _denominators(at_start: Sums, moved: Iterable[Sequence[Sum]]) -> dict[Currency, int]:
    """What all amounts of a currency have as their denominator in common."""
    dens = {(code, amount.denominator) for code, amount in at_start.items()}
    dens |= {(Currency(one.currency), one.den) for sums in moved for one in sums}
    return {code: lcm(*(den for each, den in dens if each == code)) for code, _ in dens}


def _numerators(amounts: Sums, dens: Mapping[Currency, int]) -> dict[Currency, int]:
    return {code: amount.numerator * (dens[code] // amount.denominator) for code, amount in amounts.items()}


def _parts(sums: Iterable[Sum], dens: Mapping[Currency, int]) -> dict[Currency, dict[MovementKind, int]]:
    """What moved by kind, as numerators over the currency's denominator."""
    parts: dict[Currency, dict[MovementKind, int]] = {}
    for _, _, currency, label, den, num, _ in sums:
        code, kind = Currency(currency), KINDS[label]
        kinds = parts.setdefault(code, {})
        kinds[kind] = kinds.get(kind, 0) + num * (dens[code] // den)
    return parts
