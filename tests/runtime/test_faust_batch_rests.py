"""Topics that are fetched now and then only, on aiokafka's own bookkeeping."""

from collections.abc import Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import SubscriptionState

from libs.runtime.faust_batch.rests import Rests, set_held

ONE, TWO, OTHER = TopicPartition("slow", 0), TopicPartition("slow", 1), TopicPartition("quick", 0)


class Timers:
    """Runs what was to run later when told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        self.waiting.append((seconds, function))

    def run(self) -> None:
        waiting, self.waiting = self.waiting, []
        for _, function in waiting:
            function()


@pytest.fixture
async def subscription() -> SubscriptionState:
    state = SubscriptionState()
    state.assign_from_user([ONE, TWO, OTHER])
    return state


async def test_a_topic_rests_and_is_fetched_again(subscription: SubscriptionState) -> None:
    timers = Timers()
    Rests(timers.call_later).begin(subscription, "slow", 0.5)
    assert subscription.paused_partitions() == {ONE, TWO}
    assert [seconds for seconds, _ in timers.waiting] == [0.5]
    timers.run()
    assert subscription.paused_partitions() == set()


async def test_what_was_held_before_stays_held(subscription: SubscriptionState) -> None:
    timers = Timers()
    set_held(subscription, [ONE], held=True)
    Rests(timers.call_later).begin(subscription, "slow", 0.5)
    timers.run()
    assert subscription.paused_partitions() == {ONE}


async def test_who_decides_meanwhile_is_obeyed(subscription: SubscriptionState) -> None:
    timers = Timers()
    rests = Rests(timers.call_later)
    rests.begin(subscription, "slow", 0.5)
    rests.give_up([ONE])
    set_held(subscription, [ONE], held=True)
    timers.run()
    assert subscription.paused_partitions() == {ONE}


async def test_partitions_that_went_to_another_worker_are_left_alone(subscription: SubscriptionState) -> None:
    timers = Timers()
    Rests(timers.call_later).begin(subscription, "slow", 0.5)
    subscription.assign_from_user([OTHER])
    timers.run()
    assert subscription.paused_partitions() == set()
    subscription.assign_from_user([ONE, OTHER])
    assert subscription.paused_partitions() == set()
