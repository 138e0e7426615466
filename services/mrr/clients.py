"""The stage by client: contributions of its customers in, the client's present revenue out.

The ledger's movements will be a second output of this stage: it alone sees all that a client pays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from libs.domain.client_state import NO_CUSTOMERS, ClientState, says_the_same, with_contribution
from libs.runtime.dead_letters import dead_letter
from libs.runtime.faust_batch import Output, Record, StageResult, State
from libs.wire.codec import MalformedRecord, decode_activity
from libs.wire.contribution_codec import ClientOrigin, client_record, customer_revenue
from libs.wire.records import ContributionChanged
from libs.wire.topics import CLIENT_ACTIVITY
from services.mrr.measures import CLIENTS, DEAD_LETTERS
from services.mrr.policies import Policies
from services.mrr.publishing import SERVICE, client_output


class ClientEntry(msgspec.Struct, frozen=True):
    """What the table keeps of a client: each customer's latest contribution, and the revision published last."""

    revision: int = 0
    contributions: tuple[ContributionChanged, ...] = ()


EPOCH_REVISIONS = 2**32  # more records than one client ever gets; and below 2**53, so JavaScript reads it, too
NO_ENTRY = ClientEntry()
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[ClientEntry] = msgspec.msgpack.Decoder(ClientEntry)


@dataclass(slots=True)
class Standing:
    """A client while a round's contributions come in."""

    entry: ClientEntry
    state: ClientState
    before: ClientState
    latest: dict[str, ContributionChanged]

    @classmethod
    def of(cls, data: bytes | None) -> "Standing":
        entry = NO_ENTRY if data is None else _decoder.decode(data)
        state = NO_CUSTOMERS
        for contribution in entry.contributions:
            state = with_contribution(state, customer_revenue(contribution))
        return cls(entry, state, state, {one.customer: one for one in entry.contributions})

    def take(self, contribution: ContributionChanged) -> None:
        """Keep the contribution if it is the customer's latest. Raises MalformedRecord."""
        state = with_contribution(self.state, customer_revenue(contribution))
        if state is not self.state:
            self.state = state
            self.latest[contribution.customer] = contribution


class ClientStage:
    """Computes `revenue.clients`. `epoch` goes up when tables are rebuilt: what it publishes is then the newer."""

    def __init__(self, policies: Policies, epoch: int) -> None:
        self._policies, self._epoch = policies, epoch

    def compute(self, records: Sequence[Record], state: State) -> StageResult:
        """Fold the contributions; publish each client whose revenue reads differently now."""
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
            if standing.state is not standing.before:
                changes[key] = self._kept(standing, outputs)
        return StageResult(outputs, changes)

    def _take(self, record: Record, state: State, standings: dict[bytes, Standing]) -> None:
        activity = decode_activity(record.value or b"")
        if not isinstance(activity, ContributionChanged) or record.key is None:
            return
        standing = standings.get(record.key)
        if standing is None:
            standing = standings[record.key] = Standing.of(state.get(record.key))
        standing.take(activity)

    def _kept(self, standing: Standing, outputs: list[Output]) -> bytes:
        """The client's entry; its revenue is published first where a reader would see a difference."""
        revision = standing.entry.revision
        if not says_the_same(standing.state, standing.before) or revision == 0:
            revision = max(revision, self._epoch * EPOCH_REVISIONS) + 1
            outputs.append(self._published(standing, revision))
            CLIENTS.inc()
        return _encoder.encode(ClientEntry(revision, tuple(standing.latest.values())))

    def _published(self, standing: Standing, revision: int) -> Output:
        newest = max(standing.latest.values(), key=lambda one: one.revision)
        origin = ClientOrigin(
            project=newest.project,
            client=newest.client,
            livemode=newest.livemode,
            revision=revision,
            as_of=newest.occurred_at,
        )
        return client_output(client_record(standing.state, self._policies.of(newest.project).policy, origin))
