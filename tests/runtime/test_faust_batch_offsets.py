"""Offsets: a jump is asked for again unless it must be real, and a commit never passes what was not processed."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.runtime.faust_batch.offsets import CommitChain, Continuity
from tests.counts import examples


def test_a_jump_after_a_delivered_poll_is_a_real_hole() -> None:
    continuity = Continuity()
    continuity.delivered()
    assert continuity.believes(wanted=10, first=14)


def test_a_jump_after_a_dropped_poll_is_asked_for_once_more() -> None:
    continuity = Continuity()
    continuity.delivered()
    continuity.broken()
    assert not continuity.believes(wanted=10, first=14)
    assert continuity.believes(wanted=10, first=14)


def test_a_different_jump_is_asked_for_again() -> None:
    continuity = Continuity()
    assert not continuity.believes(wanted=10, first=14)
    assert not continuity.believes(wanted=10, first=12)


@pytest.mark.parametrize(
    ("links", "acked", "expected"),
    [
        ([(5, 8)], [8], 8),
        ([(5, 8)], [], None),
        ([(5, 8), (8, 9)], [9], None),
        ([(5, 8), (8, 9)], [9, 8], 9),
        ([(5, 8), (9, 12)], [8, 12], 8),
        ([(6, 8)], [8], None),
        ([(5, 8), (5, 11)], [8], None),
    ],
    ids=[
        "one batch",
        "not acknowledged",
        "first of two missing",
        "acknowledged in any order",
        "a batch between was lost",
        "the first batch was lost",
        "delivered again, longer",
    ],
)
def test_commits_follow_the_unbroken_chain(
    links: list[tuple[int, int]], acked: list[int], expected: int | None
) -> None:
    chain = CommitChain(5)
    for wanted, end in links:
        chain.deliver(wanted, end)
    for end in acked:
        chain.ack(end)
    assert chain.advance() == expected


def test_the_chain_goes_on_from_what_it_committed() -> None:
    chain = CommitChain(0)
    chain.deliver(0, 4)
    chain.ack(4)
    chain.deliver(4, 6)
    assert chain.advance() == 4
    chain.ack(6)
    assert chain.advance() == 6
    assert chain.advance() is None


@dataclass
class Broker:
    """A partition with holes, as a consumer sees it: positions move when records are returned, read or not."""

    offsets: list[int]
    position: int = 0

    def poll(self, count: int) -> list[int]:
        found = [offset for offset in self.offsets if offset >= self.position][:count]
        if found:
            self.position = found[-1] + 1
        return found


@dataclass
class Reader:
    """What BatchConsumer does for one partition, without Kafka and Faust."""

    broker: Broker
    wanted: int = 0
    committed: int = 0
    continuity: Continuity = field(default_factory=Continuity)
    chain: CommitChain = field(default_factory=lambda: CommitChain(0))
    waiting: list[list[int]] = field(default_factory=list)
    processed: set[int] = field(default_factory=set)
    dropped: bool = False

    def poll(self, count: int) -> list[int]:
        if self.dropped:
            self.broker.position, self.dropped = self.wanted, False
        return self.broker.poll(count)

    def drop(self, polled: list[int]) -> None:
        if polled:
            self.continuity.broken()
            self.dropped = True

    def deliver(self, polled: list[int]) -> None:
        fresh = [offset for offset in polled if offset >= self.wanted]
        if not fresh:
            return None
        if not self.continuity.believes(self.wanted, fresh[0]):
            self.broker.position = self.wanted
            return self.continuity.broken()
        self.chain.deliver(self.wanted, fresh[-1] + 1)
        self.waiting.append(fresh)
        self.wanted = fresh[-1] + 1
        return self.continuity.delivered()

    def process(self) -> None:
        if self.waiting:
            batch = self.waiting.pop(0)
            self.processed.update(batch)
            self.chain.ack(batch[-1] + 1)

    def commit(self) -> None:
        self.committed = self.chain.advance() or self.committed
        missed = {offset for offset in self.broker.offsets if offset < self.committed} - self.processed
        assert not missed

    def rebalance(self) -> None:
        self.waiting.clear()
        self.dropped = False
        self.wanted = self.committed
        self.broker.position = self.committed
        self.continuity, self.chain = Continuity(), CommitChain(self.committed)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["deliver", "drop", "process", "commit", "rebalance", "late poll"]), st.integers(1, 5)),
    max_size=60,
)


@settings(max_examples=examples(500, 20_000))
@given(offsets=st.sets(st.integers(0, 60)), events=EVENTS)
def test_nothing_is_skipped_whatever_is_dropped(offsets: set[int], events: list[tuple[str, int]]) -> None:
    reader = Reader(Broker(sorted(offsets)))
    for event, count in events:
        match event:
            case "deliver":
                reader.deliver(reader.poll(count))
            case "drop":
                reader.drop(reader.poll(count))
            case "process":
                reader.process()
            case "commit":
                reader.commit()
            case "rebalance":
                reader.rebalance()
            case "late poll":  # was on its way while the position was moved
                polled = reader.poll(count)
                reader.rebalance()
                reader.deliver(polled)
    for _ in range(3 * len(offsets) + 3):
        reader.deliver(reader.poll(7))
        reader.process()
        reader.commit()
    assert reader.processed == offsets
    assert reader.committed == max(offsets, default=-1) + 1
