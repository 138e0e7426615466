"""A stage: one source topic, one table, a computation. All that is done around the computation is done here."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeAlias

import faust
from aiokafka import AIOKafkaProducer

from libs.runtime.faust_batch.app import BatchApp
from libs.runtime.faust_batch.bulk import Bulk, RecordTooLarge, require_room
from libs.runtime.faust_batch.debt import Debt
from libs.runtime.faust_batch.outbox import Outbox
from libs.runtime.faust_batch.record import NOTHING, Changes, Output, Record, StageResult, State
from libs.runtime.faust_batch.rounds import Batches, RoundLimits, Rounds, RoundWork
from libs.runtime.faust_batch.schema import BatchSchema
from libs.runtime.faust_batch.table import BulkTable
from libs.runtime.kafka import keep_in_mind

# Batches, not records, and a batch may hold thousands: apply them soon.
RECOVERY_BATCHES = 10

Compute: TypeAlias = Callable[[Sequence[Record], State], StageResult]
Recheck: TypeAlias = Callable[[Sequence[bytes], State], StageResult]
TooLarge: TypeAlias = Callable[[RecordTooLarge], Sequence[Output]]


class TopicMissing(RuntimeError):
    """A topic that a stage writes does not exist; a send to it would wait for ever."""


def _refuse(error: RecordTooLarge) -> Sequence[Output]:
    raise error


def _no_recheck(_keys: Sequence[bytes], _state: State) -> StageResult:
    return NOTHING


def _ignore(partitions: frozenset[int]) -> None:
    """Nothing to rebuild."""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """What a service says about a stage.

    `compute` gets the records of one partition in order and that partition's entries, and gives what to publish and
    to remember. It is called again with the same records after a crash, so it must be idempotent: absolute values by
    version, never additions. Malformed records are its to dead-letter; an exception is a bug and stops the worker
    with nothing committed. `recheck` gives the same for keys that were submitted (time passed, a setting changed).
    `on_recovered` and `on_revoked` frame the time in which the worker owns partitions. `on_too_large` names what to
    publish instead of a record that no topic takes; a table entry that is too large keeps its last value. `rounds`
    says how its rounds are made where the worker's own limits don't suit it; with `gather_seconds` what comes within so
    long after some records is fetched together, and other stages compute first.
    """

    name: str
    source: str
    targets: tuple[str, ...]
    compute: Compute
    recheck: Recheck = _no_recheck
    on_recovered: Callable[[frozenset[int]], object] = _ignore
    on_revoked: Callable[[frozenset[int]], object] = _ignore
    on_too_large: TooLarge = _refuse
    rounds: RoundLimits | None = None
    gather_seconds: float = 0.0


class StageHandle:
    """A running stage, as its service sees it."""

    def __init__(self, app: BatchApp, spec: StageSpec) -> None:
        self._app, self._spec = app, spec
        self._partitions: dict[str, int] = {}
        self._table: BulkTable = app.Table(
            spec.name,
            key_type=bytes,
            value_type=bytes,
            partitions=app.settings.partitions,
            recovery_buffer_size=RECOVERY_BATCHES,
            extra_topic_configs={"max.message.bytes": str(app.settings.max_record_bytes)},
        )
        self._table.on_gained, self._table.on_lost = spec.on_recovered, spec.on_revoked
        self._debt = Debt()
        work = RoundWork(self._records_round, self._keys_round, self._settle, app.crash)
        self.rounds = Rounds(work, spec.rounds or app.settings.rounds)
        app.add_rounds(self.rounds)
        if spec.gather_seconds:
            app.unhurried[spec.source] = spec.gather_seconds
        app.written.update((*spec.targets, self._table.changelog_topic_name))

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions whose entries are here and complete."""
        return self._table.recovered

    def state(self, partition: int) -> State:
        """The entries of one partition. Read only."""
        return self._table.part(partition)

    def submit(self, keys: Iterable[bytes]) -> None:
        """Have `recheck` look at these table keys, one round at a time with the records, never beside them.

        Keys that have no entry here by then are dropped: whoever gains their partition rechecks.
        """
        self.rounds.submit(keys)

    async def _records_round(self, batches: Batches) -> bool:
        with nullcontext() if self._spec.gather_seconds else self._app.precedence.first():
            results = await self._computed(batches)
        return await self._publish(results)

    async def _computed(self, batches: Batches) -> Mapping[int, StageResult]:
        results = {}
        for partition, records in batches.items():
            if self._spec.gather_seconds:
                await self._app.precedence.give_way()
            results[partition] = self._spec.compute(records, self._table.part(partition))
            await asyncio.sleep(0)  # heartbeats and health checks run between partitions
        return results

    async def _keys_round(self, keys: Sequence[bytes]) -> None:
        results = {}
        for partition in self.partitions:
            part = self._table.part(partition)
            if mine := [key for key in keys if key in part]:
                results[partition] = self._spec.recheck(mine, part)
        await self._publish(results)

    async def _publish(self, results: Mapping[int, StageResult]) -> bool:
        """Whether what earlier rounds changed is safe now."""
        if not results:
            return not self._debt
        outbox = await self._outbox()
        if any(result.ahead for result in results.values()):
            await self._settle()
            await self._write_ahead(results)
        changes = {partition: self._packed(result, outbox) for partition, result in results.items()}
        await self._app.prove_membership()
        # Outputs first: if the worker dies in between, the replay finds the old state and publishes them again. So
        # entries go to the changelog later, those of some rounds together, in one request with outputs.
        if self._debt.is_due:
            await asyncio.gather(outbox.send(), self._tell_changelog(self._debt.take()))
        else:
            await outbox.send()
        is_safe = not self._debt
        for partition, changed in changes.items():
            self._table.remember(partition, changed)
            self._debt.add(partition, changed)
        return is_safe

    async def _settle(self) -> None:
        """Tell the changelog what is owed to it: only then may the records be committed."""
        if self._debt:
            await self._app.prove_membership()
            await self._tell_changelog(self._debt.take())

    async def _tell_changelog(self, owed: Mapping[int, Changes]) -> None:
        bulks = {partition: self._bulk(partition, changes) for partition, changes in owed.items()}
        await asyncio.gather(*(self._table.tell_changelog(partition, bulk) for partition, bulk in bulks.items()))

    async def _write_ahead(self, results: Mapping[int, StageResult]) -> None:
        # An entry that is too large is left out here; the whole one will be, too, and is told of then.
        ahead = {partition: self._fitting(result.ahead, lambda _: None) for partition, result in results.items()}
        await self._app.prove_membership()
        await self._tell_changelog(ahead)
        for partition, changes in ahead.items():
            self._table.remember(partition, changes)

    def _packed(self, result: StageResult, outbox: Outbox) -> Changes:
        """Put the outputs into the outbox; the changes that fit into the changelog."""
        for output in result.outputs:
            try:
                outbox.add(output)
            except RecordTooLarge as error:
                self._replace(error, outbox)
        return self._fitting(result.changes, lambda error: self._replace(error, outbox))

    def _fitting(self, changes: Changes, refused: Callable[[RecordTooLarge], None]) -> Changes:
        kept = dict(changes)
        for key, value in changes.items():
            try:
                require_room(self._table.changelog_topic_name, key, value, self._limit)
            except RecordTooLarge as error:
                refused(error)
                del kept[key]
        return kept

    def _bulk(self, partition: int, changes: Changes) -> Bulk:
        bulk = Bulk(self._producer, self._table.changelog_topic_name, partition, self._limit)
        for key, value in changes.items():
            bulk.add(key, value)
        return bulk

    def _replace(self, error: RecordTooLarge, outbox: Outbox) -> None:
        for output in self._spec.on_too_large(error):
            outbox.add(output)

    async def _outbox(self) -> Outbox:
        if not self._partitions:
            # All of the app's at once: the changelogs are made after the producer has started.
            keep_in_mind(self._producer, self._app.written)
        for topic in self._spec.targets:
            if topic not in self._partitions:
                self._partitions[topic] = await self._count_partitions(topic)
        return Outbox(self._producer, self._partitions, self._limit)

    async def _count_partitions(self, topic: str) -> int:
        try:
            found = await asyncio.wait_for(self._producer.partitions_for(topic), self._app.settings.topic_seconds)
        except TimeoutError:
            missing = f"topic {topic}, written by stage {self._spec.name}, does not exist: create it"
            raise TopicMissing(missing) from None
        return len(found)

    @property
    def _limit(self) -> int:
        return self._app.settings.max_record_bytes

    @property
    def _producer(self) -> AIOKafkaProducer:
        # The aiokafka producer that Faust itself uses: its own API takes records only one by one.
        return self._app.producer._ensure_producer()


def stage(app: BatchApp, spec: StageSpec) -> StageHandle:
    """Add a stage to an app, before it starts. Its changelog is the topic `<group>-<name>-changelog`."""
    handle = StageHandle(app, spec)
    source = app.topic(spec.source, schema=BatchSchema(), partitions=app.settings.partitions)

    async def consume(stream: faust.Stream) -> None:
        await handle.rounds.consume(stream)

    app.agent(source, name=spec.name)(consume)
    return handle
