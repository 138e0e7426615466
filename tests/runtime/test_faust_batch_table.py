"""Tables: what the changelog says is in them, and their stage knows what it owns."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from faust.types import TP

from libs.runtime.faust_batch import BatchSettings, batch_app
from libs.runtime.faust_batch.bulk import Bulk
from libs.runtime.faust_batch.record import Changes
from libs.runtime.faust_batch.table import BulkTable
from tests.runtime.faust_batch_fakes import FakeEvent, FakeProducer, record

CHANGELOG = "group-totals-changelog"


@dataclass
class Owner:
    """A table and the news that it gave."""

    table: BulkTable
    news: list[tuple[str, set[int]]] = field(default_factory=list)

    async def recover(self, *partitions: int) -> None:
        await self.table.on_recovery_completed({TP(CHANGELOG, number) for number in partitions}, set())

    async def lose(self, *partitions: int) -> None:
        await self.table.on_rebalance(set(), {TP(CHANGELOG, number) for number in partitions}, set())


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    app = batch_app(BatchSettings("group", "127.0.0.1:1", tmp_path, partitions=4))
    owner = Owner(app.Table("totals", key_type=bytes, value_type=bytes, partitions=4))
    owner.table.on_gained = lambda partitions: owner.news.append(("gained", set(partitions)))
    owner.table.on_lost = lambda partitions: owner.news.append(("lost", set(partitions)))
    return owner


def read(table: BulkTable, partition: int, *changes: tuple[bytes, bytes | None]) -> None:
    batch = [record(number, key, value, partition) for number, (key, value) in enumerate(changes)]
    table.apply_changelog_batch([FakeEvent(batch, partition)])


async def write(table: BulkTable, producer: FakeProducer, partition: int, changes: Changes) -> None:
    bulk = Bulk(producer, CHANGELOG, partition, 1 << 20)
    for key, value in changes.items():
        bulk.add(key, value)
    await table.tell_changelog(partition, bulk)
    table.remember(partition, changes)


def test_the_last_value_of_a_key_counts_and_tombstones_delete(owner: Owner) -> None:
    read(owner.table, 0, (b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"b", None), (b"never", None))
    assert owner.table.part(0) == {b"a": b"2"}


async def test_writes_are_published_and_then_visible(owner: Owner) -> None:
    producer = FakeProducer()
    await write(owner.table, producer, 1, {b"a": b"1", b"b": b"2"})
    await write(owner.table, producer, 1, {b"a": None})
    assert [(sent.key, sent.value) for sent in producer.sent] == [(b"a", b"1"), (b"b", b"2"), (b"a", None)]
    assert owner.table.part(1) == {b"b": b"2"}


async def test_a_refused_write_is_not_visible(owner: Owner) -> None:
    with pytest.raises(OSError, match="away"):
        await write(owner.table, FakeProducer(refuse=OSError("away")), 1, {b"a": b"1"})
    assert owner.table.part(1) == {}


async def test_the_stage_hears_what_it_gained_and_lost(owner: Owner) -> None:
    await owner.recover(0, 1)
    await owner.lose(1)
    await owner.recover(0, 2)
    assert owner.news == [("gained", {0, 1}), ("lost", {1}), ("gained", {2})]
    assert owner.table.recovered == {0, 2}


async def test_a_partition_that_others_wrote_meanwhile_is_news_again(owner: Owner) -> None:
    await owner.recover(0, 1)
    read(owner.table, 1, (b"a", b"1"))
    await owner.recover(0, 1)
    assert owner.news == [("gained", {0, 1}), ("gained", {1})]


async def test_entries_of_a_lost_partition_are_forgotten(owner: Owner) -> None:
    read(owner.table, 0, (b"a", b"1"))
    read(owner.table, 1, (b"b", b"1"))
    await owner.recover(0, 1)
    await owner.lose(0)
    assert (owner.table.part(0), owner.table.part(1)) == ({}, {b"b": b"1"})


async def test_own_writes_are_not_read_again_at_the_next_rebalance(owner: Owner) -> None:
    offsets = owner.table.app.tables.recovery.active_offsets
    offsets[TP(CHANGELOG, 0)] = -1
    await write(owner.table, FakeProducer(), 0, {b"a": b"1", b"b": b"2"})
    assert offsets[TP(CHANGELOG, 0)] == 1


async def test_after_somebody_elses_write_the_changelog_is_read_again(owner: Owner) -> None:
    offsets, producer = owner.table.app.tables.recovery.active_offsets, FakeProducer()
    offsets[TP(CHANGELOG, 0)] = -1
    producer.ends[CHANGELOG, 0] = 1
    await write(owner.table, producer, 0, {b"a": b"1"})
    assert offsets[TP(CHANGELOG, 0)] == -1
