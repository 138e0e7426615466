"""A digest in words: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.ledger import MovementKind
from libs.domain.metrics import Bridge, rounded
from libs.domain.money import major_text

SHOWN_MOVES = (
    MovementKind.NEW,
    MovementKind.EXPANSION,
    MovementKind.REACTIVATION,
    MovementKind.CONTRACTION,
    MovementKind.CHURN,
    MovementKind.FX,
)


@dataclass(frozen=True, slots=True)
class OpenSignal:
    """One that waits for somebody."""

    client: str
    rule: str
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """What happened in the days `first` to `last`, and what is open now: the worst, and how many there are."""

    first: date
    last: date
    bridges: Mapping[Currency, Bridge]
    failed_payments: int
    opened: int
    resolved: int
    open: int
    worst: Sequence[OpenSignal]


def digest_text(facts: DigestFacts) -> str:
    """Plain lines, good for people in any reader."""
    days = f"{facts.first}" if facts.first == facts.last else f"{facts.first} to {facts.last}"
    lines = [f"revstream, {days}"]
    lines += [_mrr(code, facts.bridges[code]) for code in sorted(facts.bridges)] or ["MRR: nothing yet"]
    lines.append(
        f"Signals: {facts.opened} opened, {facts.resolved} resolved, {facts.open} open now;"
        f" failed payments: {facts.failed_payments}"
    )
    lines += [f"• {each.severity}: {each.client}, {each.rule} – {each.message}" for each in facts.worst]
    left = facts.open - len(facts.worst)
    return "\n".join([*lines, *([f"… and {left} more"] if left > 0 else [])])


def _mrr(code: Currency, bridge: Bridge) -> str:
    """The bridge as it is shown everywhere: its rounded parts add up."""
    parts = rounded(bridge)
    moves = [f"{kind.value} {_signed(parts[kind.value], code)}" for kind in SHOWN_MOVES if parts[kind.value]]
    told = f" ({', '.join(moves)})" if moves else " (unchanged)"
    return f"MRR {_amount(parts['start'], code)} → {_amount(parts['end'], code)} {code.upper()}{_rate(bridge)}{told}"


def _rate(bridge: Bridge) -> str:
    if not bridge.start:
        return ""
    tenths = round((bridge.end - bridge.start) / bridge.start * 1000)
    return f", {'-' if tenths < 0 else '+'}{abs(tenths) // 10}.{abs(tenths) % 10} %"


def _signed(minor: int, code: Currency) -> str:
    return f"{'+' if minor > 0 else ''}{_amount(minor, code)}"


def _amount(minor: int | Fraction, code: Currency) -> str:
    return major_text(int(minor), code)
