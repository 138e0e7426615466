"""The thread that owns aiokafka's consumer: it fetches with a short wait, and only what Faust wants to read."""

from collections.abc import Iterable, Mapping, Sequence

import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from libs.runtime.faust_batch.rests import Rests, set_held

Fetched = Mapping[TopicPartition, Sequence[ConsumerRecord]]
# Who is that far behind goes on at once.
BEHIND = 200


class FetchThread(AIOKafkaConsumerThread):
    """Two repairs of the first seconds after a start or a rebalance, and rests of what nobody waits for (see Rests)."""

    def __init__(self, consumer: object, **kwargs: object) -> None:
        super().__init__(consumer, thread_loop=uvloop.new_event_loop(), **kwargs)
        self._rests = Rests(self.thread_loop.call_later)

    def _create_worker_consumer(self, transport: object) -> AIOKafkaConsumer:
        # Faust asks the broker to wait 1,500 ms for data. A partition that is resumed meanwhile is not in that
        # request, so its first records wait for it to end.
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = self.app.settings.fetch_wait_ms
        return consumer

    async def _fetch_records(self, *args: object, **kwargs: object) -> Fetched:
        fetched: Fetched = await super()._fetch_records(*args, **kwargs)
        # Before the next request is made, which is as soon as this gives way to others.
        for topic in {partition.topic for partition in fetched} & self.app.unhurried.keys():
            if sum(len(records) for partition, records in fetched.items() if partition.topic == topic) < BEHIND:
                self._rests.begin(self._ensure_consumer()._subscription, topic, self.app.unhurried[topic])
        return fetched

    @property
    def generation(self) -> int:
        """The group's generation as the broker told it; negative once the broker has disowned this member."""
        generation: int = self._ensure_consumer()._coordinator.generation
        return generation

    def hold(self, partitions: Iterable[TP]) -> None:
        """Stop fetching these from the broker. Faust itself only stops *reading* what was fetched, and each unread
        chunk (of every changelog that this worker writes) blocks aiokafka's fetcher for 100 ms.
        """
        self.thread_loop.call_soon_threadsafe(self._decide, frozenset(partitions), True)

    def let_go(self, partitions: Iterable[TP]) -> None:
        """Fetch these again."""
        self.thread_loop.call_soon_threadsafe(self._decide, frozenset(partitions), False)

    def _decide(self, partitions: frozenset[TP], held: bool) -> None:
        self._rests.give_up(partitions)
        set_held(self._ensure_consumer()._subscription, partitions, held=held)
