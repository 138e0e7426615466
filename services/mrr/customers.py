"""The stage by customer: object versions in, the customer's contribution and what alerts must know of it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from libs.domain.customer_state import CustomerState, fold
from libs.domain.fact import about_subscription
from libs.domain.identity import ClientId, CustomerId, EventId
from libs.domain.mapping import client_of
from libs.domain.mrr import Appraisals, Evaluate
from libs.domain.policy import Policy
from libs.domain.subscription import Subscription
from libs.runtime.changes_due import ChangesDue
from libs.runtime.dead_letters import dead_letter
from libs.runtime.faust_batch import Output, Record, StageResult, State
from libs.wire import stripe_event
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event.reading import read_previous
from libs.wire.topics import STRIPE_EVENTS
from services.mrr.activities import activity_outputs
from services.mrr.arrivals import Arrivals, Segment, Told, segments
from services.mrr.customer_entry import CustomerEntry, Glance, Previous, decode_entry, encode_entry, next_change_of
from services.mrr.evaluating import Evaluated, Evaluator, Occasion, ahead_of
from services.mrr.mapping import Clients, CustomersByClaim
from services.mrr.measures import CONTRIBUTIONS, DEAD_LETTERS, RECORDS, IncompleteCount
from services.mrr.policies import Policies
from services.mrr.publishing import SERVICE, contribution_output


@dataclass(slots=True)
class Round:
    """What one computation publishes and remembers."""

    outputs: list[Output] = field(default_factory=list)
    appraise: Appraisals = field(default_factory=Appraisals)
    told: int = 0
    changes: dict[bytes, bytes | None] = field(default_factory=dict)
    ahead: dict[bytes, bytes | None] = field(default_factory=dict)

    def result(self) -> StageResult:
        CONTRIBUTIONS.inc(self.told)
        return StageResult(self.outputs, self.changes, self.ahead)


class CustomerStage:
    """`clock` gives the present instant; `epoch` marks the topology: a rebuilt one supersedes the one before."""

    def __init__(self, policies: Policies, clients: Clients, clock: Callable[[], datetime], epoch: int) -> None:
        self.due = ChangesDue(next_change_of)
        self.incomplete = IncompleteCount()
        self.by_claim = CustomersByClaim()
        self._policies, self._clients, self._clock = policies, clients, clock
        self._evaluator = Evaluator(policies, clients, clock, epoch)

    def compute(self, records: Sequence[Record], state: State) -> StageResult:
        """Fold what has arrived; publish each contribution that is now another. Malformed records are dead-lettered."""
        work = Round()
        for key, arrivals in self._arrivals(records, work).items():
            self._take(key, arrivals, state.get(key), work)
        RECORDS.inc(len(records))
        return work.result()

    def recheck(self, keys: Sequence[bytes], state: State) -> StageResult:
        """Evaluate entries again because time passed, or the project's settings or directory changed."""
        work = Round()
        for key in keys:
            before = decode_entry(state[key])
            occasion = Occasion(before.state, remap=True, previous=before.previous, appraise=Appraisals())
            evaluated = self._evaluator.evaluated(key, before, occasion)
            self._tell(key, before, evaluated, work)
            self._keep(key, before.glance, evaluated.entry, work)
        return work.result()

    def _arrivals(self, records: Sequence[Record], work: Round) -> dict[bytes, Arrivals]:
        arrivals: dict[bytes, Arrivals] = {}
        for record in records:
            try:
                told = self.read(record, work.appraise)
            except MalformedRecord as error:
                DEAD_LETTERS.inc()
                work.outputs.append(dead_letter(STRIPE_EVENTS, record, str(error), SERVICE))
                continue
            if record.key is not None and told.record.customer is not None and (told.facts or told.activities):
                of_customer = arrivals.get(record.key)
                if of_customer is None:
                    of_customer = arrivals[record.key] = Arrivals(told.record.account, told.record.livemode)
                of_customer.add(record.offset, told)
        return arrivals

    def read(self, record: Record, appraise: Evaluate) -> Told:
        """What a record tells. Raises MalformedRecord."""
        read = decode(record.value or b"", StripeRecord)
        seen = stripe_event.seen(read)
        policy = self._policies.of(read.project).policy
        return Told(read, seen.facts, tuple(stripe_event.activities(read, seen, policy, appraise)))

    def _take(self, key: bytes, arrivals: Arrivals, known: bytes | None, work: Round) -> None:
        stored = CustomerEntry(arrivals.account, arrivals.livemode) if known is None else decode_entry(known)
        entry, window, first = stored, self._policy(key).late_window, len(work.outputs)
        for segment in segments(arrivals, stored.state, window) if arrivals.facts else ():
            evaluated = self._folded(key, entry, segment, work.appraise)
            entry = evaluated.entry
            self._tell(key, stored, evaluated, work)
        if entry.belongings and entry.offset < arrivals.offset:
            # What was published before a crash may bear this offset: what comes later must not bear a smaller one.
            entry = replace(entry, offset=arrivals.offset)
        if entry is not stored:
            self._keep(key, stored.glance, entry, work)
        # What happened comes before what it made of the figures.
        work.outputs[first:first] = activity_outputs(arrivals.told, entry.glance.client or self._unknown(key))

    def _folded(self, key: bytes, entry: CustomerEntry, segment: Segment, appraise: Evaluate) -> Evaluated:
        """The entry after a segment; it is counted again only where something that figures depend on is new."""
        state = fold(entry.state, [fact for fact, _ in segment.facts], None)
        if entry.belongings and state is entry.state:
            return Evaluated(entry)
        here = replace(entry, offset=segment.offset)
        if entry.belongings and self._only_time_passed(entry, state):
            return Evaluated(replace(here, state=fold(state, (), self._policy(key).late_window)))
        if segment.late and self._is_forgotten(key, entry, state):
            return Evaluated(here)
        occasion = Occasion(state, segment.late, previous=_previous(entry, state, segment), appraise=appraise)
        return self._evaluator.evaluated(key, here, occasion)

    def _only_time_passed(self, entry: CustomerEntry, state: CustomerState) -> bool:
        known = entry.state
        if state.subscriptions is not known.subscriptions or state.customer is not known.customer:
            return False
        if state.discounts is not known.discounts or state.known is not known.known:
            return False
        return self._holds_on(entry, state)

    def _is_forgotten(self, key: bytes, entry: CustomerEntry, state: CustomerState) -> bool:
        """Whether what came late is older than what is kept of settled time: nothing that is told follows from it."""
        settings = self._policies.of(key.partition(b"/")[0].decode())
        if not entry.belongings or entry.checked != settings.checked or not self._holds_on(entry, state):
            return False
        return fold(state, (), settings.policy.late_window) == entry.state

    def _holds_on(self, entry: CustomerEntry, state: CustomerState) -> bool:
        """Whether the clock has changed nothing since the entry was evaluated."""
        change = entry.next_change
        return change is None or change > max(self._clock(), state.newest or change)

    def _policy(self, key: bytes) -> Policy:
        return self._policies.of(key.partition(b"/")[0].decode()).policy

    def _unknown(self, key: bytes) -> ClientId:
        """The client of a customer of whom only alerts must know anything yet."""
        project, _, customer = key.decode().partition("/")
        return client_of(CustomerId(customer), None, self._clients.of(project)).client

    def _tell(self, key: bytes, stored: CustomerEntry, evaluated: Evaluated, work: Round) -> None:
        if evaluated.widens:
            known = work.ahead.get(key)
            work.ahead[key] = encode_entry(ahead_of(stored if known is None else decode_entry(known), evaluated))
        if evaluated.told:
            work.told += len(evaluated.told)
            work.outputs += map(contribution_output, evaluated.told)

    def _keep(self, key: bytes, before: Glance, entry: CustomerEntry, work: Round) -> None:
        data = encode_entry(entry)
        work.changes[key] = data
        self.incomplete.note(key, entry.incomplete)
        self.by_claim.note(key, before, entry.glance)
        self.due.plan(key, next_change_of(data))


def _previous(entry: CustomerEntry, state: CustomerState, segment: Segment) -> Previous:
    """What subscriptions were before the first events that tell of them: for those that are their oldest version."""
    firsts = {history[0].event for history in state.subscriptions if history[0].event is not None}
    known = {event: before for event, before in entry.previous if event in firsts}
    for fact, record in segment.facts:
        if about_subscription(fact) and fact.event in firsts and fact.event not in known:
            before = read_previous(record)
            if before is not None:
                known[fact.event] = before
    return tuple(sorted(known.items(), key=_event))


def _event(one: tuple[EventId, Subscription]) -> EventId:
    return one[0]
