"""The stage by client: contributions of its customers in, the client's present revenue and its ledger out.

The ledger is brought up to date contribution by contribution, so the sequence of movements on the wire follows from
the sequence of contributions, however many of them a round takes together. A replay after a crash then repeats what
was published, and goes on; nothing that was published is left behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from libs.domain.ledger.valuation import next_rate_change
from libs.runtime.changes_due import ChangesDue
from libs.runtime.dead_letters import dead_letter
from libs.runtime.faust_batch import Output, Record, StageResult, State
from libs.wire.codec import MalformedRecord, decode_activity
from libs.wire.contribution_codec import customer_revenue
from libs.wire.movement_codec import Books, ledger_name
from libs.wire.records import ContributionChanged, Revision
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS, REVENUE_MOVEMENTS
from services.mrr.client_books import ClientBooks
from services.mrr.client_entry import NO_ENTRY, ClientEntry, decode_entry, encode_entry, next_change_of
from services.mrr.client_told import Present, client_told, fingerprint
from services.mrr.measures import CLIENTS, DEAD_LETTERS, MOVEMENTS
from services.mrr.policies import Policies, ProjectPolicy
from services.mrr.publishing import SERVICE, client_output, movement_output

# Most activity is for alerts. What it is about comes first in a record of ours: it need not be read to be passed over.
OF_A_KIND, CONTRIBUTION = b'{"kind":"', b'{"kind":"contribution_changed"'
EPOCH_REVISIONS = 2**32  # more records than one client ever gets; and below 2**53, so JavaScript reads it, too


@dataclass(slots=True)
class Standing:
    """A client while a round's contributions come in. `told`: whether any of them was news."""

    entry: ClientEntry
    books: ClientBooks
    newest: ContributionChanged
    revision: int
    told: bool = False


class ClientStage:
    """Computes `revenue.clients` and `revenue.movements`.

    `clock` gives the present instant. `epoch` goes up when tables are rebuilt: what it publishes is then the newer.
    """

    def __init__(self, policies: Policies, clock: Callable[[], datetime], epoch: int) -> None:
        self.due = ChangesDue(next_change_of)
        self._policies, self._clock, self._epoch = policies, clock, epoch

    def compute(self, records: Sequence[Record], state: State) -> StageResult:
        """Fold the contributions; publish each movement and each client that reads differently now."""
        outputs: list[Output] = []
        standings: dict[bytes, Standing] = {}
        for record in records:
            try:
                self._take(record, state, standings, outputs)
            except MalformedRecord as error:
                DEAD_LETTERS.inc()
                outputs.append(dead_letter(CLIENT_ACTIVITY, record, str(error), SERVICE))
        changes: dict[bytes, bytes | None] = {
            key: self._kept(key, standing, outputs) for key, standing in standings.items() if standing.told
        }
        return _result(outputs, changes)

    def recheck(self, keys: Sequence[bytes], state: State) -> StageResult:
        """Bring ledgers up to date because a rate began to hold, or the project's settings changed."""
        outputs: list[Output] = []
        changes: dict[bytes, bytes | None] = {}
        for key in keys:
            entry = decode_entry(state[key])
            if entry.contributions:
                newest = max((one.told for one in entry.contributions), key=_revision)
                standing = self._standing(newest, replace(entry, bookmark=None))
                self._write(standing, outputs)
                changes[key] = self._kept(key, standing, outputs)
        return _result(outputs, changes)

    def _take(self, record: Record, state: State, standings: dict[bytes, Standing], outputs: list[Output]) -> None:
        value = record.value or b""
        if value.startswith(OF_A_KIND) and not value.startswith(CONTRIBUTION):
            return
        activity = decode_activity(value)
        if not isinstance(activity, ContributionChanged) or record.key is None:
            return
        customer_revenue(activity)  # raises for what the client could not be told of later
        standing = standings.get(record.key)
        if standing is None:
            data = state.get(record.key)
            standing = self._standing(activity, NO_ENTRY if data is None else decode_entry(data))
            standings[record.key] = standing
        if standing.books.take(activity, self._settings(standing).policy):
            standing.told, standing.newest = True, activity
            self._write(standing, outputs)

    def _standing(self, newest: ContributionChanged, entry: ClientEntry) -> Standing:
        books = ClientBooks.of(ledger_name(newest.client, newest.livemode), entry)
        return Standing(entry, books, newest, max(entry.revision, self._epoch * EPOCH_REVISIONS))

    def _write(self, standing: Standing, outputs: list[Output]) -> None:
        """Bring the ledger up to date and publish what reads differently."""
        standing.revision += 1
        newest, settings = standing.newest, self._settings(standing)
        books = Books(
            newest.project, newest.client, newest.livemode, settings.version, settings.policy, newest.counting
        )
        until = self._until(standing.books)
        outputs += map(movement_output, standing.books.rewritten(books, until, standing.revision))

    def _kept(self, key: bytes, standing: Standing, outputs: list[Output]) -> bytes:
        """The client's entry; its revenue is published first where a reader would see a difference."""
        books, settings = standing.books, self._settings(standing)
        record = client_told(
            Present(
                contributions=tuple(books.contributions[name].told for name in sorted(books.contributions)),
                newest=standing.newest,
                policy=settings.policy,
                revision=standing.revision,
                balance=books.balance,
                closed_at=None if books.closed is None else books.closed.at,
            )
        )
        emitted = fingerprint(record)
        if emitted != standing.entry.emitted:
            outputs.append(client_output(record))
        entry = ClientEntry(
            revision=standing.revision,
            contributions=tuple(books.contributions.values()),
            published=tuple(books.published.values()),
            closed=books.closed,
            emitted=emitted,
            rules=books.rules,
            bookmark=books.bookmark,
        )
        until = self._until(books)
        data = encode_entry(entry, next_rate_change(settings.policy, books.currencies(), until))
        self.due.plan(key, next_change_of(data))
        return data

    def _settings(self, standing: Standing) -> ProjectPolicy:
        return self._policies.of(standing.newest.project)

    def _until(self, books: ClientBooks) -> datetime:
        """The present; a test account's own may be ahead of ours."""
        told = (one.told for one in books.contributions.values())
        ahead = (one.revision.evaluated_at for one in told if not one.livemode)
        return max((self._clock(), *ahead))


def _result(outputs: list[Output], changes: dict[bytes, bytes | None]) -> StageResult:
    topics = [output[0] for output in outputs]
    MOVEMENTS.inc(topics.count(REVENUE_MOVEMENTS.name))
    CLIENTS.inc(topics.count(REVENUE_CLIENTS.name))
    return StageResult(outputs, changes)


def _revision(told: ContributionChanged) -> Revision:
    return told.revision
