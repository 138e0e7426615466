"""From a signed webhook to the figure over HTTP, on real Kafka and PostgreSQL, with things dying on the way."""

import asyncio
from pathlib import Path

import pytest

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.webhooks import DeliveryReport
from tests.counts import examples
from tests.e2e.published import checked
from tests.e2e.scene import Answer, Place, Scene, agreement, events_on_topic, published, scene
from tests.servers import OwnBrokers

EVENTS, CUSTOMERS, KILLS = 5000, 500, 3


@pytest.mark.chaos
async def test_killed_workers_lose_nothing(kafka_bootstrap: str, database: str, tmp_path: Path, project: str) -> None:
    """5,000 webhooks for 500 customers; the mrr worker is killed three times; every figure is right, to the unit."""
    place = Place(tmp_path, kafka_bootstrap, database)
    async with scene(place, project, examples(EVENTS, 4 * EVENTS), CUSTOMERS) as playing:
        events = playing.account.news()
        async with playing.webhooks() as deliverer:
            delivering = asyncio.ensure_future(deliverer.deliver(events))
            await kill_by_turns(playing, delivering)
            report = await delivering
        comparison = await agreement(playing)
        assert comparison.differences == ()
        assert comparison.clients > 100
        assert set(report.acknowledged) == {event["id"] for event in events}
        missing = published(events) - await events_on_topic(kafka_bootstrap, project)
        assert missing == set()
        on_topics = await checked(kafka_bootstrap, project)
        assert on_topics.faults == []
        assert on_topics.kinds.keys() >= {"StripeRecord", "ContributionChanged", "ClientRecord", "MovementRecord"}


async def kill_by_turns(playing: Scene, delivering: "asyncio.Task[DeliveryReport]") -> None:
    """SIGKILL the mrr worker while webhooks come in, each time after it came back."""
    worker = playing.system.processes["mrr"]
    for _ in range(KILLS):
        await asyncio.wait({delivering}, timeout=1.5)
        before = worker.pid
        worker.kill()
        async with asyncio.timeout(60):
            while worker.pid in (None, before):  # noqa: ASYNC110 – the supervisor's doing, which has no event
                await asyncio.sleep(0.1)


@pytest.mark.chaos
async def test_a_broker_away_for_twenty_seconds_costs_nothing(
    own_broker: OwnBrokers, database: str, tmp_path: Path, project: str
) -> None:
    """Webhooks meanwhile get 503 with Retry-After within 5 s; nothing acknowledged is lost; all catches up."""
    broker = await own_broker()
    place = Place(tmp_path / "system", broker.bootstrap, database)
    async with scene(place, project, 2000, 200) as playing:
        events = playing.account.news()
        half = len(events) // 2
        async with playing.webhooks() as deliverer:
            await deliverer.deliver(events[:half])
            await broker.stop()
            delivering = asyncio.ensure_future(deliverer.deliver(events[half:]))
            refusals = await refused_for(playing, events[half], 20.0)
            await broker.start()
            report = await delivering
        comparison = await agreement(playing)
        assert comparison.differences == ()
        assert {answer.status for answer in refusals} == {503}
        assert all(answer.retry_after for answer in refusals)
        assert max(answer.seconds for answer in refusals) < 5.0
        acknowledged = set(report.acknowledged) & published(events)
        assert acknowledged - await events_on_topic(broker.bootstrap, project) == set()


async def refused_for(playing: Scene, event: Json, seconds: float) -> list[Answer]:
    """Post one event again and again for so long; the answers."""
    deadline = asyncio.get_running_loop().time() + seconds
    answers = []
    async with playing.poster() as post:
        while asyncio.get_running_loop().time() < deadline:
            answers.append(await post(event))
            await asyncio.sleep(0.25)
    return answers
