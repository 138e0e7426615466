"""Faust's consumer with one poll of one partition as one message, and offset bookkeeping that holds.

Each override says which fault of faust-streaming 0.15.3 it is there for.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aiokafka import ConsumerRecord
from faust.transport.consumer import Fetcher
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP, Message
from mode.utils.futures import notify

from libs.runtime.faust_batch.fetch_thread import FetchThread
from libs.runtime.faust_batch.membership import MembershipLost, Proof
from libs.runtime.faust_batch.offsets import CommitChain, Continuity

POLL_SECONDS = 0.1
# After a poll that brought little it rests: each poll is a request to the broker and a way through Faust, and at some
# hundred records a second there would be one for each. What waits in the meantime comes with the next.
SMALL_POLL = 200
REST_SECONDS = 0.001


class ActivePartitions(set[TP]):
    """A set that is true even when empty: aiokafka takes a false one to mean "records of every partition"."""

    def __bool__(self) -> bool:
        return True


class BatchConsumer(Consumer):
    """Delivers source topics and changelogs in batches; commits only what was delivered and acknowledged."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._continuity: defaultdict[TP, Continuity] = defaultdict(Continuity)
        self._chains: dict[TP, CommitChain] = {}
        self._unsought: set[TP] = set()
        self._sought: set[TP] = set()
        self._dropped: set[TP] = set()
        self._activated = asyncio.Event()
        super().__init__(*args, **kwargs)
        self._proof = Proof(self.app.settings.session_seconds / 2)

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    def _reset_state(self) -> None:
        super()._reset_state()
        self._active_partitions = ActivePartitions()

    # --- which partitions are read, and when

    def pause_partitions(self, tps: Iterable[TP]) -> None:
        """Stop reading, and stop fetching: see FetchThread.hold."""
        paused = set(tps)
        super().pause_partitions(paused)
        self._unsought -= paused
        self._sought -= paused
        self._thread.hold(paused)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Resume changelogs at once, but source partitions only in `resume_flow`.

        Faust activates them first, then seeks, then empties the stream queues: what was delivered in between is
        lost or breaks the bookkeeping.
        """
        changelogs = {tp for tp in tps if self._is_changelog_tp(tp)}
        self._unsought |= set(tps) - changelogs
        self._activate(changelogs)

    def _activate(self, tps: set[TP]) -> None:
        self._buffered_partitions -= tps
        super().resume_partitions(tps)
        self._thread.let_go(tps)
        self._activated.set()

    def on_buffer_drop(self, tp: TP) -> None:
        """Emptying a queue must not wake a partition that is paused or not sought yet."""
        if tp not in self._unsought and tp not in self._sought and tp not in self._paused_partitions:
            super().on_buffer_drop(tp)
            self._activated.set()

    async def perform_seek(self) -> None:
        """Seek to what is committed, and start the chains of this assignment there."""
        await super().perform_seek()
        self._continuity.clear()
        self._dropped.clear()
        assigned = self.assignment()
        sources = {tp for tp in assigned if not self._is_changelog_tp(tp)}
        self._chains = {tp: CommitChain(self._read_offset[tp] or 0) for tp in sources}
        self._sought, self._unsought = self._unsought & assigned, set()

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Move positions. The next poll need not follow the last one."""
        for tp in partitions:
            self._continuity[tp].broken()
        await super().seek_wait(partitions)

    def resume_flow(self) -> None:
        """Faust calls this right after it has emptied the queues: now source partitions may be read."""
        super().resume_flow()
        sought, self._sought = self._sought, set()
        self._activate(sought)
        if sought:
            self.app.release_rounds()

    # --- leaving partitions

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish the running rounds and commit them, then let Faust forget the partitions.

        Faust forgets the acknowledgements first and then commits: nothing, so every rebalance replayed records on
        workers that were never down.
        """
        if self.assignment():
            self.stop_flow()
            self.app.flow_control.suspend()
            self.app.flow_control.clear()
            await self._settle()
        self._chains.clear()
        await super().on_partitions_revoked(revoked)

    async def on_stop(self) -> None:
        """Finish the running rounds before the last commit."""
        await self._settle()
        await super().on_stop()

    async def _settle(self) -> None:
        await self.app.hold_rounds()
        await self.maybe_wait_for_commit_to_finish()
        await self.commit()

    # --- delivery

    async def _drain_messages(self, fetcher: Fetcher) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                polled = await self._poll()
                await self._deliver(polled)
                if 0 < sum(map(len, polled.values())) < SMALL_POLL:
                    await asyncio.sleep(REST_SECONDS)
        except (*self.consumer_stopped_errors, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _poll(self) -> Mapping[TP, Sequence[ConsumerRecord]]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        active = self._get_active_partitions()
        if len(active) == 0:
            self._activated.clear()
            await self.wait(self._activated, timeout=1.0)
            return {}
        for tp in self._dropped.intersection(active):
            await self._ask_again(tp)
        self._dropped -= active
        polled: Mapping[TP, Sequence[ConsumerRecord]] = await self._getmany(active, timeout=POLL_SECONDS)
        return polled or {}

    async def _deliver(self, polled: Mapping[TP, Sequence[ConsumerRecord]]) -> None:
        """Hand a poll on, all of it before anybody looks: what came together is one round, not one for each partition.

        Faust waits for each partition with four tasks, to see a rebalance. Mostly nothing waits, so one step is enough.
        """
        left = dict(polled)
        delivery = asyncio.ensure_future(self._hand_on(left, self.app.consumer_generation_id))
        try:
            await asyncio.sleep(0)
            if not delivery.done():
                await self.wait_first(delivery, self.suspend_flow.wait())  # a full queue
            if delivery.done():
                delivery.result()
        finally:
            delivery.cancel()
        for tp in left:  # a rebalance began: read again after it
            self._continuity[tp].broken()
            self._dropped.add(tp)

    async def _hand_on(self, left: dict[TP, Sequence[ConsumerRecord]], generation: int) -> None:
        """Take out of `left` what is delivered, or asked for again."""
        for tp, records in list(left.items()):
            if self._is_wanted(tp, generation):
                await self._deliver_batch(tp, records)
                del left[tp]

    async def _deliver_batch(self, tp: TP, records: Sequence[ConsumerRecord]) -> None:
        wanted = self._read_offset[tp] or 0
        fresh = records if records[0].offset >= wanted else [r for r in records if r.offset >= wanted]
        if not fresh:
            return
        if not self._continuity[tp].believes(wanted, fresh[0].offset):
            await self._ask_again(tp)
            return
        end = fresh[-1].offset + 1
        if tp in self._chains:
            self._chains[tp].deliver(wanted, end)
        await self.callback(self._batch_message(tp, fresh))
        self._read_offset[tp] = end
        self._continuity[tp].delivered()

    def _is_wanted(self, tp: TP, generation: int) -> bool:
        if not self.flow_active or self.app.consumer_generation_id != generation:
            return False
        return tp in self._active_partitions or tp in self._buffered_partitions

    async def _ask_again(self, tp: TP) -> None:
        wanted = self._read_offset[tp] or 0
        self.log.info("offsets_jump topic=%s partition=%s wanted=%s: asking again", tp.topic, tp.partition, wanted)
        try:
            await self.seek_wait({tp: wanted})
        except Exception as error:  # noqa: BLE001 - a rebalance took the partition; its next owner seeks itself
            self.log.warning("seek_failed topic=%s partition=%s: %r", tp.topic, tp.partition, error)

    def _batch_message(self, tp: TP, records: Sequence[ConsumerRecord]) -> Message:
        message = self._to_message(tp, records[-1])
        message.key, message.value = None, records
        return message

    # --- membership

    async def prove_membership(self) -> None:
        """Return at once if the broker has confirmed this worker lately, else ask it. Raises MembershipLost.

        A commit is what the broker accepts from members only; it also begins their session anew.
        """
        if self._proof.is_valid():
            return
        generation = self.app.consumer_generation_id
        offsets = {tp: chain.committed for tp, chain in self._chains.items()}
        if self._thread.generation != generation or not await self._commit(offsets):
            raise MembershipLost(f"group {self.app.settings.group} went on without this worker: it must start again")

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        asked = self._proof.clocks()
        accepted: bool = await super()._commit(offsets)
        if accepted:
            self._proof.renew(asked)
        return accepted

    # --- acknowledgement and commit

    def ack(self, message: Message) -> bool:
        """Take a batch's acknowledgement, unless it is of an assignment that has ended."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        chain = self._chains.get(message.tp)
        if chain is not None and message.generation_id == self.app.consumer_generation_id:
            chain.ack(message.offset + 1)
        notify(self._waiting_for_ack)
        return True

    def _filter_tps_with_pending_acks(self, _topics: object = None) -> Iterator[TP]:
        return iter(tuple(self._chains))

    def _new_offset(self, tp: TP) -> int | None:
        # Faust counts single offsets and the gaps between them, with duplicates that stop every later commit.
        return self._chains[tp].advance()
