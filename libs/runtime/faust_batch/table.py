"""Tables, bytes to bytes: written and recovered in bulk, kept in memory, one dictionary per partition."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeAlias

import faust
import structlog
from faust.stores import memory
from faust.types import TP

from libs.runtime.faust_batch.bulk import Bulk, Written
from libs.runtime.faust_batch.record import Changes, State

log = structlog.get_logger(__name__)
PartitionsChanged: TypeAlias = Callable[[frozenset[int]], object]


class PartitionStore(memory.Store):
    """One dictionary per partition, so that a lost partition is dropped whole and no key needs its owner noted."""

    def __post_init__(self) -> None:
        self.parts: defaultdict[int, dict[bytes, bytes]] = defaultdict(dict)

    def apply(self, partition: int, changes: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Set what has a value, delete what has none."""
        part = self.parts[partition]
        for key, value in changes:
            if value is None:
                part.pop(key, None)
            else:
                part[key] = value

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget whole partitions."""
        for partition in partitions:
            self.parts.pop(partition, None)

    async def on_recovery_completed(self, _active_tps: set[TP], _standby_tps: set[TP]) -> None:
        """Nothing: the table drops what it lost when it loses it."""

    def __len__(self) -> int:
        return sum(map(len, self.parts.values()))

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts.values():
            yield from part


class BulkTable(faust.Table):
    """A Faust table (changelog, recovery) that its stage writes in bulk, and that tells the stage what it owns."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._recovered: set[int] = set()
        self._reread: set[int] = set()
        self.on_gained: PartitionsChanged | None = None
        self.on_lost: PartitionsChanged | None = None
        super().__init__(*args, **kwargs)

    def _new_store(self) -> PartitionStore:
        return PartitionStore("memory://", self.app, self, table_name=self.name, loop=self.loop)

    @property
    def recovered(self) -> frozenset[int]:
        """The partitions whose entries are here and complete."""
        return frozenset(self._recovered)

    def part(self, partition: int) -> State:
        """The entries of one partition."""
        part: State = self.data.parts[partition]
        return part

    def apply_changelog_batch(self, batch: Iterable[faust.Event]) -> None:
        """Apply fetched changelog batches, tombstones included. Never raises: Faust would swallow it."""
        for event in batch:
            partition = event.message.partition
            self.data.apply(partition, ((record.key, record.value) for record in event.message.value))
            self._reread.add(partition)

    def remember(self, partition: int, changes: Changes) -> None:
        """Change the dictionary. Until `tell_changelog` has returned, a worker that takes over knows nothing of it."""
        self.data.apply(partition, changes.items())

    async def tell_changelog(self, partition: int, bulk: Bulk) -> None:
        """Publish to the changelog, and return when that is acknowledged. Raises KafkaError."""
        written = await bulk.send()
        if written is not None:
            self._note_own_write(partition, written)

    def _note_own_write(self, partition: int, written: Written) -> None:
        # Faust would read all that this worker wrote since its start again at each rebalance. What follows
        # directly on what is known is known; after somebody else's write the changelog is read again, as it must.
        offsets = self.app.tables.recovery.active_offsets
        tp = TP(self.changelog_topic_name, partition)
        if written.contiguous and offsets.get(tp) == written.first - 1:
            offsets[tp] = written.last
        else:
            log.warning("changelog_written_by_another", topic=tp.topic, partition=partition, offset=written.first)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Forget partitions that went to another worker, before recovery starts."""
        self._lose({tp.partition for tp in revoked if tp.topic == self.changelog_topic_name})
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    async def on_recovery_completed(self, active_tps: set[TP], _standby_tps: set[TP]) -> None:
        """Tell the stage what is new here or was changed by others meanwhile; records flow only after this."""
        owned = {tp.partition for tp in active_tps}
        self._lose(self._recovered - owned)
        gained = (owned - self._recovered) | (owned & self._reread)
        self._recovered, self._reread = owned, set()
        if gained and self.on_gained is not None:
            self.on_gained(frozenset(gained))

    def _lose(self, partitions: Collection[int]) -> None:
        self.data.drop(partitions)
        lost = self._recovered.intersection(partitions)
        self._recovered -= lost
        if lost and self.on_lost is not None:
            self.on_lost(frozenset(lost))
