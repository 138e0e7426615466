"""The thread that owns aiokafka's consumer: it fetches with a short wait, and only what Faust wants to read."""

from collections.abc import Iterable

import uvloop
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP


class FetchThread(AIOKafkaConsumerThread):
    """Two repairs of the first seconds after a start or a rebalance."""

    def __init__(self, consumer: object, **kwargs: object) -> None:
        super().__init__(consumer, thread_loop=uvloop.new_event_loop(), **kwargs)

    def _create_worker_consumer(self, transport: object) -> AIOKafkaConsumer:
        # Faust asks the broker to wait 1,500 ms for data. A partition that is resumed meanwhile is not in that
        # request, so its first records wait for it to end.
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = self.app.settings.fetch_wait_ms
        return consumer

    @property
    def generation(self) -> int:
        """The group's generation as the broker told it; negative once the broker has disowned this member."""
        generation: int = self._ensure_consumer()._coordinator.generation
        return generation

    def hold(self, partitions: Iterable[TP]) -> None:
        """Stop fetching these from the broker. Faust itself only stops *reading* what was fetched, and each unread
        chunk (of every changelog that this worker writes) blocks aiokafka's fetcher for 100 ms.
        """
        self.thread_loop.call_soon_threadsafe(self._set_held, frozenset(partitions), True)

    def let_go(self, partitions: Iterable[TP]) -> None:
        """Fetch these again."""
        self.thread_loop.call_soon_threadsafe(self._set_held, frozenset(partitions), False)

    def _set_held(self, partitions: frozenset[TP], held: bool) -> None:
        subscription = self._ensure_consumer()._subscription
        change = subscription.pause if held else subscription.resume
        for partition in partitions:
            if subscription.is_assigned(partition):
                change(partition)
