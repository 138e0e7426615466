"""Signals applied by the short way leave the same tables, and tell the same, as by the way of all topics."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.api.read_model.applying import apply, read_batch
from services.api.read_model.follower import Write
from services.api.read_model.offsets import Move, OffsetsMoved, stored
from services.api.read_model.projection import Delivered
from services.api.read_model.signal_batch import apply_signals
from tests.api.builders import delivered, signal_record
from tests.counts import examples

Applier: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
PLACE = "churn.signals", 0
EMPTY = "TRUNCATE signals, signal_heads, stream_log, stream_sequences, read_model_offsets"
TABLES = (
    "SELECT project, id, client, status, updated_at, record FROM signals ORDER BY project, id",
    "SELECT project, id, updated_at, status, digest, partition, topic_offset FROM signal_heads ORDER BY project, id",
    "SELECT project, seq, change_id, client, status, content, occurred_at FROM stream_log ORDER BY project, seq",
    "SELECT project, last FROM stream_sequences ORDER BY project",
    "SELECT topic, partition, next_offset FROM read_model_offsets ORDER BY topic, partition",
)
CHANGES = st.tuples(
    st.sampled_from(["acme", "other"]),
    st.sampled_from(["sig_1", "sig_2", "sig_3"]),
    st.sampled_from(["open", "acknowledged", "snoozed", "resolved"]),
    st.integers(0, 2),
)
BATCHES = st.lists(st.lists(CHANGES, min_size=1, max_size=5), min_size=1, max_size=4)


async def left_by(applier: Applier, way: Write, batches: Sequence[Sequence[Delivered]]) -> list[object]:
    """All that the batches leave behind, and what each call told."""
    await applier.execute(EMPTY)
    await stored(applier, [PLACE])
    told, place = [], 0
    for records in batches:
        move = Move(PLACE, place, place := place + len(records))
        told.append([(each.seq, each.change) for each in await way(applier, read_batch(records), [move], None)])
    return [told, *[[tuple(row) for row in await applier.fetch(table)] for table in TABLES]]


@pytest.mark.timeout(600)
@given(batches=BATCHES)
@settings(
    max_examples=examples(30, full=1000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_both_ways_leave_the_same(applier: Applier, batches: list[list[tuple[str, str, str, int]]]) -> None:
    records = [
        [
            delivered(signal_record(signal, project=project, status=status, minutes=minutes), PLACE[0])
            for project, signal, status, minutes in batch
        ]
        for batch in batches
    ]
    assert await left_by(applier, apply_signals, records) == await left_by(applier, apply, records)


async def test_nothing_is_written_or_told_where_another_process_was_faster(applier: Applier) -> None:
    await applier.execute(EMPTY)
    await stored(applier, [PLACE])
    batch = read_batch([delivered(signal_record(), PLACE[0])])
    with pytest.raises(OffsetsMoved, match="1 of 1 partitions"):
        await apply_signals(applier, batch, [Move(PLACE, 5, 6)], None)
    for table in TABLES[:4]:
        assert await applier.fetch(table) == []


async def test_a_batch_of_dead_letters_alone_moves_on(applier: Applier) -> None:
    await applier.execute(EMPTY)
    await stored(applier, [PLACE])
    batch = read_batch([delivered(b"no signal", PLACE[0])])
    assert await apply_signals(applier, batch, [Move(PLACE, 0, 1)], None) == []
    assert await stored(applier, [PLACE]) == {PLACE: 1}
