"""What one customer's entry says: its share of MRR, the course of it, and whose customer it is."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from libs.domain.contribution import Contribution, contribution
from libs.domain.customer_state import CustomerState, fold, settled_up_to
from libs.domain.identity import ClientId, CustomerId, EventId, SubscriptionId
from libs.domain.ledger import (
    Belonging,
    Evaluation,
    ToldCourse,
    course,
    learned_level,
    levels_of,
    retold,
    stays_with,
    told_anew,
    trued_up,
)
from libs.wire.course_codec import belonging_of, belongings_told, course_steps, levels
from libs.wire.records import ContributionChanged, Revision
from services.mrr.customer_entry import UNTOLD, CustomerEntry, Previous
from services.mrr.mapping import Clients
from services.mrr.policies import Policies, ProjectPolicy
from services.mrr.publishing import Sender, departed, fingerprint
from services.mrr.residing import Dweller, Residents

LATER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an entry is evaluated: `state` holds what is new, and nothing of the late window has been left out of it.

    `late`: what is new came too late for its own time. `remap`: ask the directory again. `previous`: see the entry.
    """

    state: CustomerState
    late: bool = False
    remap: bool = False
    previous: Previous = ()


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
        return _Work(project, CustomerId(customer), before, occasion, settings, now, cut)

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
    share = contribution(kept, policy, work.now)
    told = ToldCourse(levels(work.customer, entry.steps), entry.known_from)
    now = _evaluation(work)
    anew = entry.counted_by not in (0, work.settings.counting)
    course_now = told_anew(now) if anew else retold(told, now)
    present = tuple(learned_level(work.customer, one.mrr, now.newest) for one in share.subscriptions)
    if trued_up(course_now, present) is not course_now:
        course_now = trued_up(_forgetful(work, course_now, told, kept), present)
    share = dataclasses.replace(share, caused_by=causes_of(course_now, share))
    counted = replace(
        entry,
        state=kept,
        previous=work.occasion.previous,
        steps=entry.steps if course_now is told else course_steps(course_now.levels),
        known_from=course_now.known_from,
        next_change=share.next_change,
        counted_by=work.settings.counting,
        checked=work.settings.checked,
        incomplete=sum(bool(one.mrr.gaps) for one in share.subscriptions),
    )
    return counted, share


def causes_of(told: ToldCourse, share: Contribution) -> tuple[EventId, ...]:
    """The events that made the present figures what they are: of versions that say the same again, the first one's.

    So they follow from the facts alone; which version held when something was published last does not.
    """
    last = {level.subscription: level.caused_by for level in told.levels}
    return tuple(sorted({event for one in share.subscriptions for event in last.get(one.mrr.subscription, ())}))


def _evaluation(work: _Work) -> Evaluation:
    state, cut = work.occasion.state, work.cut
    now = levels_of(course(state, work.settings.policy, work.now, dict(work.occasion.previous)))
    return Evaluation(now, _settled(work), cut, min(state.newest or work.now, work.now))


def _forgetful(work: _Work, now: ToldCourse, before: ToldCourse, kept: CustomerState) -> ToldCourse:
    """The course as what is kept of the state tells it, where that guesses otherwise which of two changes of one second
    came first: from now on it will be asked, so the open time is as it says at once, whatever comes next."""
    policy = work.settings.policy
    cut = settled_up_to(kept.told_until, policy.late_window)
    if cut is None:
        return now
    levels_kept = levels_of(course(kept, policy, work.now, dict(work.occasion.previous)))
    names = frozenset(level.subscription for level in levels_kept)
    told = (*(one for one in now.levels if one.at <= cut), *(one for one in before.levels if one.at > cut))
    newest = min(kept.newest or work.now, work.now)
    return retold(dataclasses.replace(now, levels=told), Evaluation(levels_kept, names, cut, newest))


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
