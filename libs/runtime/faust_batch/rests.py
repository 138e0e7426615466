"""Topics that are fetched now and then only: one whose records come singly would make a request of each."""

from collections.abc import Callable, Collection, Iterable

from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import SubscriptionState


class Rests:
    """Partitions that are not asked for during a rest. `call_later(seconds, function)` is that of the thread's loop."""

    def __init__(self, call_later: Callable[[float, Callable[[], None]], object]) -> None:
        self._call_later = call_later
        self._resting: set[TopicPartition] = set()

    def begin(self, subscription: SubscriptionState, topic: str, seconds: float) -> None:
        """Fetch no more of this topic for so long; what is not fetched now, for another reason, is left as it is."""
        active = subscription.assigned_partitions() - subscription.paused_partitions()
        resting = {partition for partition in active if partition.topic == topic}
        set_held(subscription, resting, held=True)
        self._resting |= resting
        self._call_later(seconds, lambda: self._end(subscription, resting))

    def give_up(self, partitions: Collection[TopicPartition]) -> None:
        """Somebody else decides from now on whether these are fetched."""
        self._resting.difference_update(partitions)

    def _end(self, subscription: SubscriptionState, partitions: set[TopicPartition]) -> None:
        ended = partitions & self._resting
        self._resting -= ended
        set_held(subscription, ended, held=False)


def set_held(subscription: SubscriptionState, partitions: Iterable[TopicPartition], *, held: bool) -> None:
    """Stop or go on fetching what is still assigned of these."""
    change = subscription.pause if held else subscription.resume
    for partition in partitions:
        if subscription.is_assigned(partition):
            change(partition)
