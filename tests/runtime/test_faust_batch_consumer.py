"""The consumer's overrides, each against the fault of Faust that it is there for."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP, Message

from libs.runtime.faust_batch import BatchApp, BatchSettings, StageResult, StageSpec, batch_app, stage
from libs.runtime.faust_batch.consumer import BatchConsumer
from libs.runtime.faust_batch.fetch_thread import FetchThread
from libs.runtime.faust_batch.membership import MembershipLost
from tests.runtime.faust_batch_fakes import FakeProducer, record

SOURCE = TP("in", 0)
OTHER = TP("in", 1)
CHANGELOG = TP("group-totals-changelog", 0)


@dataclass
class FakeThread:
    """The fetch thread, without a thread and without Kafka."""

    committed: dict[TP, int] = field(default_factory=dict)
    commits: int = 0
    seeks: list[Mapping[TP, int]] = field(default_factory=list)
    held: set[TP] = field(default_factory=set)
    member: bool = True
    generation: int = 1
    assigned: set[TP] = field(default_factory=lambda: {SOURCE, CHANGELOG})
    polls: deque[Mapping[TP, Sequence[ConsumerRecord]]] = field(default_factory=deque)

    def assignment(self) -> set[TP]:
        return set(self.assigned)

    def hold(self, partitions: Iterable[TP]) -> None:
        self.held |= set(partitions)

    def let_go(self, partitions: Iterable[TP]) -> None:
        self.held -= set(partitions)

    async def seek_to_committed(self) -> Mapping[TP, int | None]:
        return {tp: self.committed.get(tp) for tp in self.assignment()}

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        self.seeks.append(partitions)

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        self.commits += 1
        if self.member:
            self.committed.update(offsets)
        return self.member

    async def getmany(self, _active: set[TP], timeout: float) -> Mapping[TP, Sequence[ConsumerRecord]]:
        return self.polls.popleft()


@dataclass
class Running:
    """A consumer between its fake thread and a list that stands for the streams."""

    app: BatchApp
    consumer: BatchConsumer
    thread: FakeThread
    received: list[Message]

    async def recovered(self) -> None:
        """What Faust does at the end of recovery, in its order."""
        self.consumer.resume_partitions(self.thread.assignment())
        await self.consumer.perform_seek()
        self.consumer.resume_flow()

    async def poll(self, *offsets: int) -> None:
        self.thread.polls.append({SOURCE: [record(offset) for offset in offsets]})
        await self.consumer._deliver(await self.consumer._poll())

    def offsets(self) -> list[list[int]]:
        return [[r.offset for r in message.value] for message in self.received]


@pytest.fixture
async def running(tmp_path: Path) -> Running:
    thread, received = FakeThread(), list[Message]()

    class Consumer(BatchConsumer):
        def _new_consumer_thread(self) -> FetchThread:
            return cast("FetchThread", thread)

        def add_dependency(self, service: object) -> object:
            return service

    async def receive(message: Message) -> None:
        received.append(message)

    async def nothing(*_: object) -> None:
        """Stands for the app's own callbacks."""

    app = batch_app(BatchSettings("group", "127.0.0.1:1", tmp_path))
    stage(app, StageSpec("totals", "in", (), lambda _records, _state: StageResult()))
    app.producer = FakeProducer()
    app.consumer_generation_id = 1
    app.flow_control.resume()
    consumer = Consumer(app.transport, receive, nothing, nothing)
    app.consumer = consumer
    return Running(app, consumer, thread, received)


async def test_one_poll_of_a_partition_is_one_message(running: Running) -> None:
    await running.recovered()
    await running.poll(0, 1, 2)
    await running.poll(3)
    assert running.offsets() == [[0, 1, 2], [3]]


async def test_what_one_poll_brings_is_there_before_anybody_looks(running: Running) -> None:
    running.thread.assigned.add(OTHER)
    await running.recovered()
    arrived, receive = asyncio.Event(), running.consumer.callback

    async def told(message: Message) -> None:
        await receive(message)
        arrived.set()

    async def look() -> int:
        await arrived.wait()
        return len(running.received)

    running.consumer.callback = told
    looking = asyncio.create_task(look())
    running.thread.polls.append({SOURCE: [record(0)], OTHER: [record(0)]})
    await running.consumer._deliver(await running.consumer._poll())
    assert await looking == 2


async def test_what_a_full_queue_keeps_out_when_a_rebalance_begins_is_fetched_again(running: Running) -> None:
    running.thread.assigned.add(OTHER)
    await running.recovered()
    is_full, receive = asyncio.Event(), running.consumer.callback

    async def wait_for_room(message: Message) -> None:
        is_full.set()
        await asyncio.Event().wait()

    running.consumer.callback = wait_for_room
    running.thread.polls.append({SOURCE: [record(0)], OTHER: [record(0)]})
    delivering = asyncio.create_task(running.consumer._deliver(await running.consumer._poll()))
    await is_full.wait()
    running.consumer.stop_flow()
    async with asyncio.timeout(5):
        await delivering
    running.consumer.callback = receive
    running.consumer.resume_flow()
    await running.poll(0)
    assert sorted(running.thread.seeks, key=str) == [{SOURCE: 0}, {OTHER: 0}]
    assert running.offsets() == [[0]]


async def test_an_error_of_who_takes_a_batch_is_not_swallowed(running: Running) -> None:
    await running.recovered()

    async def fail(_message: Message) -> None:
        raise RuntimeError("no room for this")

    running.consumer.callback = fail
    with pytest.raises(RuntimeError, match="no room for this"):
        await running.poll(0)


async def test_source_partitions_wait_for_the_seek_and_the_emptied_queues(running: Running) -> None:
    running.consumer.pause_partitions(running.thread.assignment())
    running.consumer.resume_partitions({SOURCE, CHANGELOG})
    assert running.consumer._active_partitions == {CHANGELOG}
    await running.consumer.perform_seek()
    assert running.thread.held == {SOURCE}
    running.consumer.resume_flow()
    assert running.consumer._active_partitions == {SOURCE, CHANGELOG}
    assert running.thread.held == set()


async def test_an_emptied_queue_does_not_wake_a_partition_that_waits_for_its_seek(running: Running) -> None:
    running.consumer.resume_partitions({SOURCE})
    running.consumer._buffered_partitions.add(SOURCE)
    running.consumer.on_buffer_drop(SOURCE)
    assert SOURCE not in running.consumer._active_partitions


async def test_reading_starts_at_what_is_committed(running: Running) -> None:
    running.thread.committed[SOURCE] = 7
    await running.recovered()
    await running.poll(5, 6, 7, 8)
    assert running.offsets() == [[7, 8]]


async def test_a_first_jump_is_asked_for_again_and_then_believed(running: Running) -> None:
    running.thread.committed[SOURCE] = 7
    await running.recovered()
    await running.poll(9)
    assert (running.thread.seeks, running.received) == ([{SOURCE: 7}], [])
    await running.poll(9)
    await running.poll(12)
    assert running.offsets() == [[9], [12]]


async def test_a_poll_that_comes_while_the_flow_stops_is_fetched_again(running: Running) -> None:
    await running.recovered()
    await running.poll(0)
    running.thread.polls.append({SOURCE: [record(1)]})
    polled = await running.consumer._poll()
    running.consumer.stop_flow()
    await running.consumer._deliver(polled)
    running.consumer.resume_flow()
    await running.poll(1, 2)
    assert running.thread.seeks == [{SOURCE: 1}]
    assert running.offsets() == [[0], [1, 2]]


async def test_commits_stop_before_what_is_not_acknowledged(running: Running) -> None:
    await running.recovered()
    for offsets in ((0, 1), (2, 3), (4, 5)):
        await running.poll(*offsets)
    running.consumer.ack(running.received[0])
    running.consumer.ack(running.received[2])
    await running.consumer.commit()
    assert running.thread.committed == {SOURCE: 2}


async def test_an_acknowledgement_of_an_ended_assignment_commits_nothing(running: Running) -> None:
    await running.recovered()
    await running.poll(0, 1)
    running.app.consumer_generation_id = 2
    await running.recovered()
    await running.poll(0, 1)
    running.consumer.ack(running.received[0])
    await running.consumer.commit()
    assert running.thread.committed == {}


async def test_what_was_processed_is_committed_before_partitions_are_given_up(running: Running) -> None:
    await running.recovered()
    await running.poll(0, 1)
    running.consumer.ack(running.received[0])
    await running.consumer.on_partitions_revoked({SOURCE, CHANGELOG})
    assert running.thread.committed == {SOURCE: 2}


async def test_no_partition_to_read_means_no_records_of_every_partition(running: Running) -> None:
    running.consumer.pause_partitions(running.thread.assignment())
    waking = asyncio.create_task(running.consumer._poll())
    await asyncio.sleep(0)
    running.consumer.resume_partitions({CHANGELOG})
    assert await waking == {}
    assert bool(running.consumer._active_partitions)


async def test_a_worker_that_the_broker_confirmed_lately_need_not_ask(running: Running) -> None:
    await running.recovered()
    await running.consumer.prove_membership()
    asked = running.thread.commits
    running.thread.member = False
    await running.consumer.prove_membership()
    assert asked == running.thread.commits == 1


@pytest.mark.parametrize(("member", "generation"), [(False, 1), (True, -1)], ids=["commit refused", "disowned"])
async def test_a_worker_that_slept_through_its_session_may_not_write(
    running: Running, member: bool, generation: int
) -> None:
    await running.recovered()
    await running.consumer.prove_membership()
    running.thread.member, running.thread.generation = member, generation
    running.consumer._proof.clocks = lambda: (float("inf"), float("inf"))
    with pytest.raises(MembershipLost, match="group went on without"):
        await running.consumer.prove_membership()
