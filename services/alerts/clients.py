"""The stage by client: activity in, each signal out whenever it opens, changes or is over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.domain.customer_state.history import CLOCK_SKEW
from libs.domain.health import Health, health_of
from libs.domain.identity import ClientId, CustomerId, ProjectId
from libs.domain.risk import (
    Assessment,
    ClientRisk,
    Resolution,
    assess,
    news,
    told_after,
    with_decision,
    with_fact,
    with_revenue,
)
from libs.domain.risk.moving import facts_of, is_empty, with_facts, without_facts
from libs.runtime.changes_due import ChangesDue
from libs.runtime.dead_letters import dead_letter
from libs.runtime.faust_batch import Output, Record, StageResult, State
from libs.wire.activity import Activity, RiskMoved, SignalDecision
from libs.wire.codec import MalformedRecord, decode_activity
from libs.wire.contribution_codec import customer_revenue
from libs.wire.movement_codec import client_of_name
from libs.wire.records import ContributionChanged, InvoiceActivity
from libs.wire.risk_codec import decision, invoice_payment, risk_fact
from libs.wire.state_codec import decode_facts
from libs.wire.topics import CLIENT_ACTIVITY
from services.alerts.client_entry import ClientEntry, decode_entry, encode_entry, next_change_of
from services.alerts.measures import DEAD_LETTERS
from services.alerts.policies import RiskPolicies
from services.alerts.publishing import (
    SERVICE,
    health_mark,
    health_output,
    health_record,
    moved_output,
    moved_record,
    signal_output,
)


@dataclass(slots=True)
class Standing:
    """A client's risk while a round's activity comes in."""

    project: ProjectId
    client: ClientId
    entry: ClientEntry
    risk: ClientRisk
    livemode: bool
    departed: dict[CustomerId, ClientId]
    has_moved: bool = False

    @classmethod
    def of(cls, key: bytes, data: bytes | None) -> "Standing":
        project, _, client = key.decode().partition("/")
        entry = decode_entry(data)
        return cls(ProjectId(project), client_of_name(client), entry, entry.risk, entry.livemode, dict(entry.departed))

    def take(self, activity: Activity) -> None:
        """Fold one record. Raises MalformedRecord."""
        match activity:
            case ContributionChanged():
                self._take_revenue(activity)
            case RiskMoved():
                self.risk = with_facts(self.risk, decode_facts(activity.facts))
            case InvoiceActivity():
                self.risk = with_fact(self.risk, invoice_payment(activity))
            case SignalDecision():
                self.risk = with_decision(self.risk, decision(activity))
            case _:
                self.risk = with_fact(self.risk, risk_fact(activity))
        self.livemode = activity.livemode

    def _take_revenue(self, activity: ContributionChanged) -> None:
        risk = with_revenue(self.risk, customer_revenue(activity))
        if risk is self.risk:
            return
        self.risk, customer = risk, CustomerId(activity.customer)
        self.departed.pop(customer, None)
        if activity.left and activity.belongings:
            self.departed[customer] = ClientId(activity.belongings[-1].client)

    def moved(self) -> Iterator[RiskMoved]:
        """What happened to customers that have left goes after them; also what is only told again after a crash."""
        for customer, client in self.departed.items():
            facts = facts_of(self.risk, customer)
            if client != self.client and not is_empty(facts):
                self.risk, self.has_moved = without_facts(self.risk, customer), True
                yield moved_record(self.project, (customer, client), facts, self.livemode)


class SignalStage:
    """Computes `churn.signals`. `clock` gives the present instant."""

    def __init__(self, policies: RiskPolicies, clock: Callable[[], datetime]) -> None:
        self.due = ChangesDue(next_change_of)
        self._policies, self._clock = policies, clock

    def compute(self, records: Sequence[Record], state: State) -> StageResult:
        """Fold the activity; publish what changed. Malformed records are dead-lettered."""
        outputs: list[Output] = []
        standings: dict[bytes, Standing] = {}
        for record in records:
            try:
                self._take(record, state, standings)
            except MalformedRecord as error:
                DEAD_LETTERS.inc()
                outputs.append(dead_letter(CLIENT_ACTIVITY, record, str(error), SERVICE))
        changes: dict[bytes, bytes | None] = {
            key: self._evaluated(key, standing, outputs)
            for key, standing in standings.items()
            if standing.risk is not standing.entry.risk
        }
        return StageResult(outputs, changes)

    def recheck(self, keys: Sequence[bytes], state: State) -> StageResult:
        """Evaluate clients again because time passed or their project's settings changed."""
        outputs: list[Output] = []
        changes: dict[bytes, bytes | None] = {
            key: self._evaluated(key, Standing.of(key, state[key]), outputs) for key in keys
        }
        return StageResult(outputs, changes)

    def _take(self, record: Record, state: State, standings: dict[bytes, Standing]) -> None:
        activity = decode_activity(record.value or b"")
        if record.key is None:
            raise MalformedRecord(f"activity of client {activity.client} in project {activity.project} has no key")
        standing = standings.get(record.key)
        if standing is None:
            standing = standings[record.key] = Standing.of(record.key, state.get(record.key))
        standing.take(activity)

    def _evaluated(self, key: bytes, standing: Standing, outputs: list[Output]) -> bytes:
        """The client's entry; what changed since it was told last is published first."""
        outputs += map(moved_output, standing.moved())
        policy = self._policies.of(standing.project)
        now = self._now(standing)
        found = assess(standing.risk, (standing.project, standing.client), now, policy.risk)
        at = standing.risk.newest or now
        why_gone = Resolution.SUPERSEDED if standing.has_moved else None
        changed = list(news(standing.entry.told, found.signals, at, why_gone))
        outputs += [signal_output(signal, standing.livemode) for signal in changed]
        told = told_after(standing.entry.told, changed, found.signals)
        health = health_of(found.context, found.signals, policy.health)
        mark = self._told_health(health, found, standing, outputs)
        departed = tuple(sorted(standing.departed.items()))
        entry = ClientEntry(standing.livemode, standing.risk, told, mark, departed)
        data = encode_entry(entry, _next_change(found, health, now), policy.version)
        self.due.plan(key, next_change_of(data))
        return data

    def _told_health(
        self, health: Health | None, found: Assessment, standing: Standing, outputs: list[Output]
    ) -> bytes:
        """The mark of the health that readers know, after it was published if it is another one."""
        if health is None:
            return standing.entry.health
        record = health_record(health, found, standing.livemode)
        mark = health_mark(record)
        if mark != standing.entry.health:
            outputs.append(health_output(record))
        return mark

    def _now(self, standing: Standing) -> datetime:
        """The clock; the newest fact's time where that is a little ahead (Stripe's clock is another one) or where a
        test account lives by a clock of its own."""
        now, newest = self._clock(), standing.risk.newest
        if newest is None or newest <= now or (standing.livemode and newest > now + CLOCK_SKEW):
            return now
        return newest


def _next_change(found: Assessment, health: Health | None, now: datetime) -> datetime | None:
    instants = [found.next_change, found.context.risk.newest, None if health is None else health.next_change]
    return min((at for at in instants if at is not None and at > now), default=None)
