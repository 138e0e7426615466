"""The stage by client: activity in, each signal out whenever it opens, changes or is over."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.domain.identity import ClientId, ProjectId
from libs.domain.risk import ClientRisk, Signal, news, signals, with_invoice, with_revenue
from libs.runtime.dead_letters import dead_letter
from libs.runtime.faust_batch import Output, Record, StageResult, State
from libs.wire.codec import MalformedRecord, decode_activity, encode, record_key
from libs.wire.contribution_codec import customer_revenue
from libs.wire.headers import cloud_event
from libs.wire.records import Activity, ContributionChanged
from libs.wire.risk_codec import invoice_payment, signal_record
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY
from services.alerts.client_entry import ClientEntry, decode_entry, encode_entry, risk_of
from services.alerts.measures import DEAD_LETTERS, SIGNALS

SERVICE = "alerts"


@dataclass(slots=True)
class Standing:
    """A client's risk while a round's activity comes in."""

    project: ProjectId
    client: ClientId
    before: ClientRisk
    risk: ClientRisk
    contributions: dict[str, ContributionChanged]
    livemode: bool

    @classmethod
    def of(cls, activity: Activity, data: bytes | None) -> "Standing":
        entry = decode_entry(data)
        risk = risk_of(entry)
        contributions = {one.customer: one for one in entry.contributions}
        return cls(ProjectId(activity.project), ClientId(activity.client), risk, risk, contributions, activity.livemode)

    def take(self, activity: Activity) -> None:
        """Fold one record. Raises MalformedRecord."""
        if not isinstance(activity, ContributionChanged):
            self.risk = with_invoice(self.risk, invoice_payment(activity))
            return
        risk = with_revenue(self.risk, customer_revenue(activity))
        if risk is not self.risk:
            self.risk = risk
            self.contributions[activity.customer] = activity

    def entry(self) -> bytes:
        """What the table keeps."""
        kept = tuple(self.contributions[customer] for customer in sorted(self.contributions))
        return encode_entry(ClientEntry(self.livemode, self.risk.newest, self.risk.payments, kept))

    def told(self) -> list[Signal]:
        """The signals that read differently now."""
        before = signals(self.before, self.project, self.client)
        after = signals(self.risk, self.project, self.client)
        return list(news(before, after, self.risk.newest)) if self.risk.newest is not None else []


class SignalStage:
    """Computes `churn.signals`."""

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
        changes: dict[bytes, bytes | None] = {}
        for key, standing in standings.items():
            if standing.risk is not standing.before:
                changes[key] = standing.entry()
                outputs += [signal_output(signal, standing.livemode) for signal in standing.told()]
        return StageResult(outputs, changes)

    def _take(self, record: Record, state: State, standings: dict[bytes, Standing]) -> None:
        activity = decode_activity(record.value or b"")
        if record.key is None:
            raise MalformedRecord(f"activity of client {activity.client} in project {activity.project} has no key")
        standing = standings.get(record.key)
        if standing is None:
            standing = standings[record.key] = Standing.of(activity, state.get(record.key))
        standing.take(activity)


def signal_output(signal: Signal, livemode: bool) -> Output:
    """One state of a signal for `churn.signals`."""
    SIGNALS.labels(signal.rule.value, signal.status.value).inc()
    record = signal_record(signal, livemode)
    headers = cloud_event(
        f"{signal.id}:{int(signal.updated_at.timestamp())}:{signal.status.value}",
        f"churn.signal.{signal.status.value}",
        f"revstream/{SERVICE}",
        signal.updated_at,
        f"{signal.project}/{signal.client}",
    )
    return CHURN_SIGNALS.name, record_key(signal.project, signal.client), encode(record), headers
