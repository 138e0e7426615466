"""Subscriptions as Stripe tells of them, and the trials among them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from libs.domain.customer_state import EMPTY, fold
from libs.domain.fact import Fact, about_subscription
from libs.domain.ledger import course
from libs.domain.metrics.cells import Cell, Cells, Measure
from libs.domain.metrics.trials import Trial, trial_of
from libs.domain.mrr.standing import ending
from libs.domain.policy import DEFAULT
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.runtime.turns import in_turns
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import read as facts_of
from services.api.database import Connection
from services.api.read_model.books import Book, Volume
from services.api.read_model.cells import Changes
from services.api.read_model.told import Moment, SumsOf, Told, Where, day_in

FINAL = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED})
RENEWING = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING, SubscriptionStatus.PAST_DUE})
# All versions of a trial are read again with each new one, and these come in bursts.
LATELY_READ = 2048
# A final state stays final; else the later telling holds.
UPSERT = """
INSERT INTO subscriptions AS held (project, livemode, subscription, customer, told_at, told_rank, final, status, plans,
    currency, started_at, renews_at, ends_at, ended_at, canceled_at, cancellation_reason, cancellation_feedback,
    trial_ends)
SELECT project, livemode, subscription, customer, told_at, told_rank, final, status,
       string_to_array(plans, E'\\x1f'), currency, started_at, renews_at, ends_at, ended_at, canceled_at,
       cancellation_reason, cancellation_feedback, trial_ends
FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[], $5::timestamptz[], $6::smallint[], $7::bool[], $8::text[],
            $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[],
            $15::timestamptz[], $16::text[], $17::text[], $18::timestamptz[])
    AS t (project, livemode, subscription, customer, told_at, told_rank, final, status, plans, currency, started_at,
          renews_at, ends_at, ended_at, canceled_at, cancellation_reason, cancellation_feedback, trial_ends)
ON CONFLICT (project, livemode, subscription) DO UPDATE SET
    customer = excluded.customer, told_at = excluded.told_at, told_rank = excluded.told_rank, final = excluded.final,
    status = excluded.status, plans = excluded.plans, currency = excluded.currency, started_at = excluded.started_at,
    renews_at = excluded.renews_at, ends_at = excluded.ends_at, ended_at = excluded.ended_at,
    canceled_at = excluded.canceled_at, cancellation_reason = excluded.cancellation_reason,
    cancellation_feedback = excluded.cancellation_feedback, trial_ends = excluded.trial_ends
WHERE held.told_at IS NULL
   OR (excluded.final, excluded.told_at, excluded.told_rank) >= (held.final, held.told_at, held.told_rank)
"""
TRIALS = """
SELECT project, livemode, subscription, customer, trial_began, trial_ended, trial_converted
FROM unnest($1::text[], $2::bool[], $3::text[]) AS wanted (project, livemode, subscription)
JOIN subscriptions USING (project, livemode, subscription)
WHERE status = 'trialing' OR trial_ends IS NOT NULL OR trial_began IS NOT NULL
"""
VERSIONS = """
SELECT object_id, record FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (project, customer, object_id)
JOIN object_versions USING (project, customer, object_id) WHERE kind = 'subscription'
"""
TRIED = """
UPDATE subscriptions AS held SET trial_began = t.began, trial_ended = t.ended, trial_converted = t.converted
FROM unnest($1::text[], $2::bool[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
    AS t (project, livemode, subscription, began, ended, converted)
WHERE held.project = t.project AND held.livemode = t.livemode AND held.subscription = t.subscription
"""


@dataclass(frozen=True, slots=True)
class State:
    """A subscription at its latest telling of the batch."""

    where: Where
    moment: Moment
    content: Subscription

    @property
    def order(self) -> tuple[bool, Moment]:
        return self.content.status in FINAL, self.moment


async def write(connection: Connection, told: Sequence[Told], held: Mapping[str, Book], changes: Changes) -> None:
    """Hold each subscription's newest state, and what became of its trial."""
    newest: dict[tuple[Where, str], State] = {}
    for each in told:
        if about_subscription(each.fact):
            state = State(each.where, each.moment, each.fact.content)
            key = each.where, str(state.content.id)
            if key not in newest or state.order >= newest[key].order:
                newest[key] = state
    if newest:
        await connection.execute(UPSERT, *_columns(list(newest.values())))
        await _try(connection, list(newest), held, changes)


def _columns(states: Sequence[State]) -> list[list[object]]:
    rows = [(*state.where, *_row(state)) for state in states]
    return [list(column) for column in zip(*rows, strict=True)]


def _row(state: State) -> tuple[object, ...]:
    it = state.content
    final = it.status in FINAL
    end = None if final else ending(it)
    period_end = it.current_period_end
    leaves = end is not None and (period_end is None or end <= period_end)
    renews = None if leaves or it.status not in RENEWING else period_end
    return (
        it.id,
        it.customer,
        state.moment.at,
        state.moment.rank,
        final,
        it.status.value,
        "\x1f".join(sorted({item.price.id for item in it.items})),
        it.currency,
        it.start_date or it.created,
        renews,
        end,
        it.ended_at,
        it.canceled_at or (it.ended_at if it.status is SubscriptionStatus.CANCELED else None),
        it.cancellation.reason,
        it.cancellation.feedback,
        it.trial_end,
    )


async def _try(
    connection: Connection, keys: Sequence[tuple[Where, str]], held: Mapping[str, Book], changes: Changes
) -> None:
    """Tell the trials of these subscriptions again, from all their versions."""
    rows = await connection.fetch(
        TRIALS, [where.project for where, _ in keys], [where.livemode for where, _ in keys], [name for _, name in keys]
    )
    if not rows:
        return
    names = [row["subscription"] for row in rows]
    records: dict[str, list[bytes]] = {name: [] for name in names}
    arguments = [row["project"] for row in rows], [row["customer"] for row in rows], names
    for version in await connection.fetch(VERSIONS, *arguments):
        records[version["object_id"]].append(version["record"])
    trials = [trial_told(records[name]) async for name in in_turns(names)]
    for row, trial in zip(rows, trials, strict=True):
        before = (row["trial_began"], row["trial_ended"], row["trial_converted"])
        sums = SumsOf(Where(row["project"], row["livemode"]), held, changes)
        for volume in sums.volumes:
            sums.note(volume, _cells(before, volume), _cells(_instants(trial), volume))
    instants = [list(column) for column in zip(*map(_instants, trials), strict=True)]
    await connection.execute(TRIED, arguments[0], [row["livemode"] for row in rows], names, *instants)


def trial_told(records: Iterable[bytes]) -> Trial | None:
    """The trial that a subscription's records tell of; versions ahead of the clock count when it comes to them."""
    facts = [fact for record in records for fact in _facts(record) if about_subscription(fact)]
    steps = course(fold(EMPTY, facts, None), DEFAULT, datetime.now(UTC))
    return trial_of(steps) if steps else None


@lru_cache(maxsize=LATELY_READ)
def _facts(record: bytes) -> tuple[Fact, ...]:
    try:
        return facts_of(decode(record, StripeRecord))
    except MalformedRecord:
        return ()


Instants = tuple[datetime | None, datetime | None, datetime | None]


def _instants(trial: Trial | None) -> Instants:
    return (None, None, None) if trial is None else (trial.began, trial.ended, trial.converted)


def _cells(trial: Instants, volume: Volume) -> Cells:
    found: Cells = {}
    for label, at in zip(("began", "ended", "converted"), trial, strict=True):
        if at is not None:
            found[Cell(Measure.TRIAL, day_in(at, volume), label=label)] = 0, 1
    return found
