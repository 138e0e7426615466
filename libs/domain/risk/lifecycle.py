"""From findings to signals: one open signal per client, rule and subject, with one id for life.

Nothing here remembers anything: a signal is a function of what happened, what people decided, and the present instant.
That is why order and repeats don't matter, and why a restart tells nothing new.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from libs.domain.identity import EventId
from libs.domain.risk.context import RiskContext
from libs.domain.risk.decision import Decision, Verdict
from libs.domain.risk.finding import Episode, Finding, Turn
from libs.domain.risk.severity import moved, severity_of
from libs.domain.risk.signal import Severity, Signal, SignalStatus, signal_id
from libs.domain.value import value

MOST_EVIDENCE = 50
"""The latest events are kept: who wants all of them has the subscription's history."""


@value(frozen=True, slots=True)
class Standing:
    """What people made of an open signal: its status, since when, and until when a snooze lasts."""

    status: SignalStatus
    since: datetime
    until: datetime | None = None


def signals_of(finding: Finding, context: RiskContext) -> Iterator[Signal]:
    """The signals of one subject, resolved ones too; episodes that only begin after now are left out."""
    taken: set[str] = set()
    for chain in chains(finding, context):
        name = _subject(finding, chain[0], taken)
        signal = signal_id(context.project, context.client, finding.rule, name)
        yield _signal(signal, finding, chain, context)


def chains(finding: Finding, context: RiskContext) -> list[list[Episode]]:
    """The episodes that have begun, those together that followed within the cooldown: they reopen the same signal."""
    cooldown = timedelta(hours=context.settings.cooldown_hours)
    found: list[list[Episode]] = []
    for episode in finding.episodes:
        if episode.began > context.now:
            continue
        end = found[-1][-1].end if found else None
        if found and (end is None or episode.began - end.at <= cooldown):
            found[-1].append(episode)
        else:
            found.append([episode])
    return found


def _subject(finding: Finding, first: Episode, taken: set[str]) -> str:
    """What the id is made of. Two troubles that Stripe's objects tell alike (two pauses of one year) are counted."""
    name = f"{finding.subject}\0{first.key}" if first.key else finding.subject
    count = 1
    while name in taken:
        count += 1
        name = f"{finding.subject}\0{first.key}\0{count}"
    taken.add(name)
    return name


def _signal(name: str, finding: Finding, chain: list[Episode], context: RiskContext) -> Signal:
    episode = chain[-1]
    turns = _told(episode, context.now)
    end = episode.end if episode.end is not None and episode.end.at <= context.now else None
    standing = None if end is not None else _standing(name, episode, context)
    latest = turns[-1]
    severity, since = _weighed(episode, latest, standing, context)
    return Signal(
        id=name,
        project=context.project,
        client=context.client,
        customer=finding.customer,
        rule=finding.rule,
        severity=severity,
        status=SignalStatus.RESOLVED if standing is None else standing.status,
        opened_at=chain[0].began,
        updated_at=since if end is None else end.at,
        message=latest.message if end is None else f"{latest.message}; {end.words}",
        subscription=finding.subscription,
        invoice=finding.invoice,
        resolution=None if end is None else end.resolution,
        resolved_at=None if end is None else end.at,
        snoozed_until=None if standing is None else standing.until,
        mrr_at_risk=() if standing is None else episode.at_stake,
        amount_due=latest.amount_due,
        attempt=max((turn.attempt for turn in turns if turn.attempt is not None), default=None),
        next_attempt_at=latest.next_attempt_at if end is None else None,
        evidence=_evidence(chain, context.now),
    )


def _told(episode: Episode, now: datetime) -> tuple[Turn, ...]:
    last = now if episode.end is None else min(now, max(episode.end.at, episode.began))
    return tuple(turn for turn in episode.turns if turn.at <= last)


def _standing(name: str, episode: Episode, context: RiskContext) -> Standing:
    """Decisions on this signal since the trouble began; one that was made on an earlier trouble says nothing of it."""
    decisions = [one for one in context.risk.decisions if one.signal == name and episode.began <= one.at <= context.now]
    if not decisions:
        return Standing(SignalStatus.OPEN, episode.began)
    return _after(decisions[-1], context.now)


def _after(decision: Decision, now: datetime) -> Standing:
    match decision.verdict:
        case Verdict.ACKNOWLEDGE:
            return Standing(SignalStatus.ACKNOWLEDGED, decision.at)
        case Verdict.SNOOZE if decision.until is not None and decision.until > now:
            return Standing(SignalStatus.SNOOZED, decision.at, decision.until)
        case _:
            return Standing(SignalStatus.OPEN, max(decision.at, decision.until or decision.at))


def _weighed(
    episode: Episode, latest: Turn, standing: Standing | None, context: RiskContext
) -> tuple[Severity, datetime]:
    """How bad it is, and since when all of this holds. A resolved signal is not bad any more."""
    if standing is None:
        return Severity.LOW, latest.at
    severity = severity_of(latest.severity, episode.at_stake, context.client_mrr(), context.settings)
    since, escalation = max(latest.at, standing.since), _escalation(standing, context)
    if escalation is None or escalation > context.now or moved(severity, 1) is severity:
        return severity, since
    return moved(severity, 1), max(since, escalation)


def _escalation(standing: Standing, context: RiskContext) -> datetime | None:
    """When an open signal becomes one step more severe because nobody has said anything to it."""
    hours = context.settings.escalate_after_hours
    if hours is None or standing.status is not SignalStatus.OPEN:
        return None
    return standing.since + timedelta(hours=hours)


def _evidence(chain: Iterable[Episode], now: datetime) -> tuple[EventId, ...]:
    found: list[EventId] = []
    for episode in chain:
        found += [event for turn in _told(episode, now) for event in turn.evidence]
        if episode.end is not None and episode.end.at <= now:
            found += episode.end.evidence
    return tuple(dict.fromkeys(found))[-MOST_EVIDENCE:]


def changes_ahead(finding: Finding, context: RiskContext) -> Iterator[datetime]:
    """The instants after now at which the clock alone may change a signal of this subject."""
    for episode in finding.episodes:
        yield from (turn.at for turn in episode.turns)
        if episode.end is not None:
            yield episode.end.at
    hours = context.settings.escalate_after_hours
    for chain in chains(finding, context):
        if hours is not None:
            yield chain[-1].began + timedelta(hours=hours)


def decisions_ahead(context: RiskContext) -> Iterator[datetime]:
    """When a snooze ends, or a decision's signal becomes more severe."""
    hours = context.settings.escalate_after_hours
    for decision in context.risk.decisions:
        instants = (decision.at, decision.until) if decision.until is not None else (decision.at,)
        for at in instants:
            yield at
            if hours is not None:
                yield at + timedelta(hours=hours)
