"""The stage by customer: object versions in, the customer's contribution and its invoices' standing out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from libs.domain.contribution import contribution
from libs.domain.customer_state import fold
from libs.domain.fact import Fact
from libs.domain.identity import CustomerId, own_client
from libs.runtime.dead_letters import dead_letter
from libs.runtime.faust_batch import Output, Record, StageResult, State
from libs.wire import stripe_event
from libs.wire.activity import Troubling
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import InvoiceActivity, Revision, StripeRecord
from libs.wire.topics import STRIPE_EVENTS
from services.mrr.activities import activity_outputs
from services.mrr.changes_due import ChangesDue
from services.mrr.customer_entry import CustomerEntry, decode_entry, encode_entry, next_change_of
from services.mrr.measures import CONTRIBUTIONS, DEAD_LETTERS, RECORDS, IncompleteCount
from services.mrr.policies import Policies
from services.mrr.publishing import SERVICE, Sender, contribution_output, fingerprint


@dataclass(slots=True)
class Arrivals:
    """What one round brings for one customer."""

    account: str
    livemode: bool
    offset: int = -1
    facts: list[Fact] = field(default_factory=list)
    told: list[InvoiceActivity | Troubling] = field(default_factory=list)

    def add(self, offset: int, facts: Iterable[Fact], told: Iterable[InvoiceActivity | Troubling]) -> None:
        self.offset = offset
        self.facts += facts
        self.told += told


@dataclass(slots=True)
class Round:
    """What one computation publishes and remembers."""

    outputs: list[Output] = field(default_factory=list)
    changes: dict[bytes, bytes | None] = field(default_factory=dict)

    def result(self) -> StageResult:
        return StageResult(self.outputs, self.changes)


class CustomerStage:
    """`clock` gives the present instant; `epoch` marks the topology: a rebuilt one supersedes the one before."""

    def __init__(self, policies: Policies, clock: Callable[[], datetime], epoch: int) -> None:
        self.due = ChangesDue()
        self.incomplete = IncompleteCount()
        self._policies, self._clock, self._epoch = policies, clock, epoch

    def compute(self, records: Sequence[Record], state: State) -> StageResult:
        """Fold what has arrived; publish each contribution that is now another. Malformed records are dead-lettered."""
        work = Round()
        for key, arrivals in self._arrivals(records, work.outputs).items():
            self._take(key, arrivals, state.get(key), work)
        RECORDS.inc(len(records))
        return work.result()

    def recheck(self, keys: Sequence[bytes], state: State) -> StageResult:
        """Evaluate entries again because time passed or the project's policy changed."""
        work = Round()
        for key in keys:
            entry = decode_entry(state[key])
            work.changes[key] = self._evaluated(key, entry, entry, work.outputs)
        return work.result()

    def _arrivals(self, records: Sequence[Record], outputs: list[Output]) -> dict[bytes, Arrivals]:
        arrivals: dict[bytes, Arrivals] = {}
        for record in records:
            try:
                read = decode(record.value or b"", StripeRecord)
                facts = stripe_event.read(read)
                told = tuple(stripe_event.activities(read, facts, self._policies.of(read.project).policy))
            except MalformedRecord as error:
                DEAD_LETTERS.inc()
                outputs.append(dead_letter(STRIPE_EVENTS, record, str(error), SERVICE))
                continue
            if record.key is not None and read.customer is not None and (facts or told):
                of_customer = arrivals.setdefault(record.key, Arrivals(read.account, read.livemode))
                of_customer.add(record.offset, facts, told)
        return arrivals

    def _take(self, key: bytes, arrivals: Arrivals, known: bytes | None, work: Round) -> None:
        before = CustomerEntry(arrivals.account, arrivals.livemode) if known is None else decode_entry(known)
        sender = self._sender(key, before)
        work.outputs += activity_outputs(arrivals.told, sender.client)
        policy = self._policies.of(sender.project).policy
        folded = fold(before.state, arrivals.facts, policy.late_window)
        if folded is not before.state:
            after = CustomerEntry(before.account, before.livemode, folded, arrivals.offset)
            work.changes[key] = self._evaluated(key, before, after, work.outputs)

    def _evaluated(self, key: bytes, before: CustomerEntry, entry: CustomerEntry, outputs: list[Output]) -> bytes:
        """The entry's bytes after its contribution was computed, and published if it is another one."""
        now = self._now(entry)
        sender = self._sender(key, entry)
        settings = self._policies.of(sender.project)
        share = contribution(entry.state, settings.policy, now)
        revision = Revision(self._epoch, entry.offset, settings.version, now)
        record = sender.contribution(share, revision)
        emitted = fingerprint(record)
        if emitted != before.emitted:
            CONTRIBUTIONS.inc()
            outputs.append(contribution_output(sender, record))
        lacking = sum(bool(one.gaps) for one in record.subscriptions)
        self.incomplete.note(key, lacking)
        known = entry.account, entry.livemode, entry.state, entry.offset
        data = encode_entry(CustomerEntry(*known, emitted, share.next_change, settings.version, lacking))
        self.due.plan(key, next_change_of(data))
        return data

    def _now(self, entry: CustomerEntry) -> datetime:
        # A test account may live by a clock of its own that runs ahead (Stripe's test clocks).
        now, newest = self._clock(), entry.state.newest
        return now if entry.livemode or newest is None or newest < now else newest

    def _sender(self, key: bytes, entry: CustomerEntry) -> Sender:
        project, _, customer = key.decode().partition("/")
        return Sender(project, own_client(CustomerId(customer)), customer, entry.account, entry.livemode)
