"""What one customer's entry says: its share of MRR, the course of it, and whose customer it is."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from libs.domain.contribution import Contribution, contribution
from libs.domain.customer_state import CustomerState, fold, settled_up_to
from libs.domain.identity import ClientId, CustomerId, EventId, SubscriptionId
from libs.domain.ledger import (
    Belonging,
    Evaluation,
    Level,
    Outlook,
    asks_for_past,
    course_seen,
    leads_elsewhere,
    levels_of,
    retold,
    shortened,
    stays_with,
    trued_up,
)
from libs.domain.ledger.told import place
from libs.domain.mrr import Evaluate, evaluate
from libs.wire.course_codec import belonging_of, belongings_told, course_steps, levels, opened
from libs.wire.records import ContributionChanged, CourseStep, Revision
from services.mrr.customer_entry import UNTOLD, CustomerEntry, Previous
from services.mrr.mapping import Clients
from services.mrr.policies import Policies, ProjectPolicy
from services.mrr.publishing import Sender, departed, fingerprint
from services.mrr.residing import Dweller, Residents

LATER = timedelta(microseconds=1)
NONE_SETTLED: frozenset[SubscriptionId] = frozenset()


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an entry is evaluated: `state` holds what is new, and nothing of the late window has been left out of it.

    `late`: what is new came too late for its own time. `remap`: ask the directory again. `previous`: see the entry.
    `appraise` evaluates: what was evaluated already for others need not be once more.
    """

    state: CustomerState
    late: bool = False
    remap: bool = False
    previous: Previous = ()
    appraise: Evaluate = evaluate


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The entry, and what is to be told of it. `widens`: somebody is told who knew nothing of the customer."""

    entry: CustomerEntry
    told: tuple[ContributionChanged, ...] = ()
    widens: bool = False


@dataclass(frozen=True, slots=True)
class _Work:
    """One evaluation: the entry before it, and what all its parts ask for. Up to `cut` nothing changes any more."""

    project: str
    customer: CustomerId
    before: CustomerEntry
    occasion: Occasion
    settings: ProjectPolicy
    now: datetime
    cut: datetime | None
    appraise: Evaluate


class Evaluator:
    """`clock` gives the present instant; `epoch` marks the topology: a rebuilt one supersedes the one before."""

    def __init__(self, policies: Policies, clients: Clients, clock: Callable[[], datetime], epoch: int) -> None:
        self._policies, self._clock, self._epoch = policies, clock, epoch
        self._residents = Residents(clients)

    def evaluated(self, key: bytes, before: CustomerEntry, occasion: Occasion) -> Evaluated:
        """The entry after the occasion, and the contribution for each client that it concerns, if it is another."""
        work = self._work(key, before, occasion)
        entry, share = _counted(work, self._with_residence(work))
        return self._published(work, entry, share)

    def _work(self, key: bytes, before: CustomerEntry, occasion: Occasion) -> _Work:
        project, _, customer = key.decode().partition("/")
        settings, now, newest = self._policies.of(project), self._clock(), occasion.state.newest
        # A test account may live by a clock of its own that runs ahead (Stripe's test clocks).
        if not before.livemode and newest is not None and newest > now:
            now = newest
        cut = settled_up_to(before.state.told_until, settings.policy.late_window)
        return _Work(project, CustomerId(customer), before, occasion, settings, now, cut, occasion.appraise)

    def _with_residence(self, work: _Work) -> CustomerEntry:
        before, state = work.before, work.occasion.state
        if before.belongings and state.customer is before.state.customer and not work.occasion.remap:
            return before
        found = self._residents.find(
            Dweller(work.project, work.customer, before, state, work.settings, work.now, work.cut)
        )
        belongings = belongings_told(found.residence.belonging)
        return replace(before, belongings=belongings, pinned=found.residence.pinned, glance=found.glance)

    def _published(self, work: _Work, entry: CustomerEntry, share: Contribution) -> Evaluated:
        belonging, before = belonging_of(entry.belongings), work.before
        audience = _audience(entry, belonging, work.cut)
        at = work.now if entry.evaluated_at is None else max(work.now, entry.evaluated_at + LATER)
        revision = Revision(self._epoch, entry.offset, work.settings.version, at)
        record = Sender(work.project, work.customer, entry).contribution(share, revision)
        emitted = fingerprint(record)
        if emitted == before.emitted:
            return Evaluated(entry)
        here = tuple(client for client in audience if stays_with(ClientId(client), belonging))
        after = replace(entry, emitted=emitted, told=here, evaluated_at=at)
        told = tuple(record if client == record.client else departed(record, client) for client in audience)
        return Evaluated(after, told, widens=not set(audience) <= set(before.told))


def _counted(work: _Work, entry: CustomerEntry) -> tuple[CustomerEntry, Contribution]:
    """The entry with what its customer adds now and added before."""
    policy, state = work.settings.policy, work.occasion.state
    kept = fold(state, (), policy.late_window)
    share = contribution(kept, policy, work.now, work.appraise)
    course = _course(work, entry)
    if leads_elsewhere(course.levels, share.subscriptions):
        course = _forgetful(work, entry, kept, share)
    share = dataclasses.replace(share, caused_by=causes_of(course.levels, share))
    steps, known_from = _steps(course, work, entry)
    counted = replace(
        entry,
        state=kept,
        previous=work.occasion.previous,
        steps=steps,
        known_from=known_from,
        next_change=share.next_change,
        counted_by=work.settings.counting,
        checked=work.settings.checked,
        incomplete=sum(bool(one.mrr.gaps) for one in share.subscriptions),
    )
    return counted, share


def causes_of(told: Iterable[Level], share: Contribution) -> tuple[EventId, ...]:
    """The events that made the present figures what they are: of versions that say the same again, the first one's.

    So they follow from the facts alone; which version held when something was published last does not.
    """
    last = {level.subscription: level.caused_by for level in told}
    return tuple(sorted({event for one in share.subscriptions for event in last.get(one.mrr.subscription, ())}))


@dataclass(frozen=True, slots=True)
class _Course:
    """The course as it is to be told: steps of settled time that stay as they are, and levels. Among these are those
    that are `held` at the cut, as the last of those steps say; `known_from` as in the entry."""

    levels: tuple[Level, ...]
    newest: datetime
    closed: tuple[CourseStep, ...] = ()
    held: tuple[Level, ...] = ()
    known_from: datetime | None = None


def _course(work: _Work, entry: CustomerEntry, whole: tuple[Level, ...] | None = None) -> _Course:
    """By the open part of what was told; by all of it, where it is given `whole`."""
    settled, cut = _settled(work), work.cut
    if entry.counted_by not in (0, work.settings.counting):
        # What is before the open time was counted by other options, and is not known by these.
        now = _evaluation(work, settled)
        return _Course(now.levels, now.newest, known_from=cut if settled else None)
    if whole is not None:
        now = _evaluation(work, settled)
        return _Course(retold(whole, now), now.newest, known_from=entry.known_from)
    closed, told = opened(work.customer, entry.steps, settled, cut)
    now = _evaluation(work, settled, settled)
    if settled and asks_for_past(told, now):
        now = _evaluation(work, settled)
    held = tuple(level for level in told if cut is not None and level.at <= cut)
    return _Course(retold(told, now), now.newest, closed, held, entry.known_from)


def _steps(course: _Course, work: _Work, entry: CustomerEntry) -> tuple[tuple[CourseStep, ...], datetime | None]:
    """The course as it travels, and from when on it is known; the very same steps where nothing changes."""
    told, held = course.levels, set(map(id, course.held))
    staying = {level.subscription for level in told if id(level) in held}
    closed = (step for step in course.closed if step.subscription in staying)
    steps = tuple(sorted((*closed, *course_steps(level for level in told if id(level) not in held)), key=place))
    if steps == entry.steps:
        return entry.steps, course.known_from
    kept, since = shortened(steps, work.cut)
    return kept, since or course.known_from


def _evaluation(
    work: _Work, settled: frozenset[SubscriptionId], pastless: frozenset[SubscriptionId] = NONE_SETTLED
) -> Evaluation:
    """What the state says now; of those that are `pastless` without an estimate of what was before they were seen."""
    state = work.occasion.state
    outlook = Outlook(work.settings.policy, work.now, dict(work.occasion.previous), pastless, work.appraise)
    levels = levels_of(course_seen(state, outlook))
    return Evaluation(levels, settled, work.cut, min(state.newest or work.now, work.now))


def _forgetful(work: _Work, entry: CustomerEntry, kept: CustomerState, share: Contribution) -> _Course:
    """The course as what is kept of the state tells it, where that guesses otherwise which of two changes of one second
    came first: from now on it will be asked, so the open time is as it says at once, whatever comes next."""
    before, policy = levels(work.customer, entry.steps), work.settings.policy
    course = _course(work, entry, before)
    told, cut = course.levels, settled_up_to(kept.told_until, policy.late_window)
    if cut is not None:
        kept_levels = levels_of(course_seen(kept, Outlook(policy, work.now, dict(work.occasion.previous))))
        names = frozenset(level.subscription for level in kept_levels)
        newest = min(kept.newest or work.now, work.now)
        known = (*(one for one in told if one.at <= cut), *(one for one in before if one.at > cut))
        told = retold(known, Evaluation(kept_levels, names, cut, newest))
    return dataclasses.replace(course, levels=trued_up(told, share.subscriptions, work.customer, course.newest))


def _settled(work: _Work) -> frozenset[SubscriptionId]:
    """The subscriptions of which versions of settled time may have been forgotten; all, where one came too late."""
    cut = work.cut
    if cut is None:
        return frozenset()
    known = work.occasion.state if work.occasion.late else work.before.state
    return frozenset(
        history[0].content.id for history in known.subscriptions if work.occasion.late or history[0].at <= cut
    )


def _audience(entry: CustomerEntry, belonging: Belonging, cut: datetime | None) -> tuple[str, ...]:
    """The present client, and the others in whose ledger the course of the customer can still change."""
    present = entry.glance.client
    others = dict.fromkeys((*entry.told, *(client for _, client in belonging)))
    return (present, *(one for one in others if one != present and _is_open(ClientId(one), belonging, cut)))


def _is_open(client: ClientId, belonging: Belonging, cut: datetime | None) -> bool:
    """Whether the customer's time with a client that it left can change; also where it never was there after all."""
    ends = [stay.until for stay in stays_with(client, belonging)]
    return not ends or cut is None or any(end is None or end > cut for end in ends)


def ahead_of(stored: CustomerEntry, evaluated: Evaluated) -> CustomerEntry:
    """What must be known of a customer before another client hears of it: the entry that is stored, and who was told.

    Who replays the same records, perhaps with another directory, then knows whom to tell that it is not theirs. State
    and offset stay those that are stored: the records are still to be read.
    """
    entry = evaluated.entry
    told = (*stored.told, *(one.client for one in evaluated.told))
    return replace(
        stored,
        belongings=entry.belongings,
        pinned=entry.pinned,
        glance=entry.glance,
        told=tuple(dict.fromkeys(told)),
        emitted=b"",
        checked=UNTOLD,
    )
