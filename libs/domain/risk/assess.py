"""A client's signals at an instant, and what is to be told when they changed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from libs.domain.identity import ClientId, ProjectId
from libs.domain.risk.client_risk import REMEMBERED, ClientRisk
from libs.domain.risk.context import RiskContext, context_of
from libs.domain.risk.finding import Finding
from libs.domain.risk.lifecycle import changes_ahead, decisions_ahead, signals_of
from libs.domain.risk.rules.registry import RULES
from libs.domain.risk.settings import DEFAULT_RISK, RiskSettings
from libs.domain.risk.signal import Resolution, Signal, SignalStatus
from libs.domain.value import value

MOST_GONE = 50


@value(frozen=True, slots=True)
class Assessment:
    """Signals by rule and subject, resolved ones too; `next_change` is when the clock alone changes one. `context` is
    what they were found in."""

    signals: tuple[Signal, ...]
    next_change: datetime | None
    context: RiskContext


def assess(risk: ClientRisk, client: tuple[ProjectId, ClientId], now: datetime,
           settings: RiskSettings = DEFAULT_RISK) -> Assessment:  # fmt: skip
    """What every rule finds; a pure function, so order and repeats of what led to `risk` don't matter."""
    context = context_of(risk, client, now, settings)
    findings = sorted(_findings(context), key=lambda one: (one.rule, one.subject))
    found = tuple(signal for finding in findings for signal in signals_of(finding, context))
    ahead = [at for finding in findings for at in changes_ahead(finding, context) if at > now]
    ahead += [at for at in decisions_ahead(context) if at > now]
    return Assessment(found, min(ahead, default=None), context)


def _findings(context: RiskContext) -> Iterator[Finding]:
    for name, rule in RULES.items():
        if name not in context.settings.off:
            yield from rule(context)


def news(
    told: Iterable[Signal], present: Iterable[Signal], at: datetime, why_gone: Resolution | None = None
) -> Iterator[Signal]:
    """The signals to publish where `told` were published last and `present` is what holds: new and changed ones, and
    open ones that are gone.

    One that is gone rested on facts too old to matter (expired), or on news that an older fact, come late, has
    contradicted; `why_gone` says so where it is known (its customer went to another client). A signal's `updated_at`
    never goes back: readers take the latest.
    """
    known = {signal.id: signal for signal in told}
    present_ids = set()
    for signal in present:
        present_ids.add(signal.id)
        before = known.get(signal.id)
        later = signal if before is None else replace(signal, updated_at=max(signal.updated_at, before.updated_at))
        if later != before:
            yield later
    for signal in known.values():
        if signal.id not in present_ids and signal.status is not SignalStatus.RESOLVED:
            yield _gone(signal, at, why_gone)


def told_after(told: Iterable[Signal], published: Iterable[Signal], present: Iterable[Signal]) -> tuple[Signal, ...]:
    """What readers hold after `published`: all that is present, and the last MOST_GONE that are not any more: if one
    comes back, its `updated_at` goes on from there."""
    latest = {signal.id: signal for signal in (*told, *published)}
    names = {signal.id for signal in present}
    gone = sorted((one for one in latest.values() if one.id not in names), key=lambda one: (one.updated_at, one.id))
    kept = names | {one.id for one in gone[-MOST_GONE:]}
    return tuple(latest[name] for name in sorted(kept))


def _gone(signal: Signal, at: datetime, why: Resolution | None) -> Signal:
    old = signal.updated_at <= at - REMEMBERED
    return replace(
        signal,
        status=SignalStatus.RESOLVED,
        resolution=why or (Resolution.EXPIRED if old else Resolution.CONTRADICTED),
        resolved_at=max(at, signal.updated_at),
        updated_at=max(at, signal.updated_at),
        mrr_at_risk=(),
        next_attempt_at=None,
        snoozed_until=None,
    )
