"""Kafka's publisher and the one in memory keep one contract; what only Kafka can do wrong is tried on Kafka."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from libs.runtime.kafka import (
    KafkaUnavailable,
    TopicMismatch,
    abandon,
    ensure_topics,
    kafka_answers,
    new_producer,
)
from libs.wire.records import StripeRecord, VersionMark
from libs.wire.topics import DEFAULT_PARTITIONS, STRIPE_EVENTS, every_topic
from services.ingest.kafka_publisher import KafkaPublisher, PublishLimits, kafka_publisher
from services.ingest.publisher import NotPublished, Publisher, RecordTooLarge
from tests.ingest.fakes import MemoryPublisher
from tests.integration.ingest_rig import records_of
from tests.servers import OwnBrokers, admin

MEBIBYTE = 1024 * 1024


def record(project: str, event_id: str = "evt_1", size: int = 10) -> StripeRecord:
    return StripeRecord(
        project=project, account="self", livemode=False, source="webhook", type="customer.updated",
        version=VersionMark(datetime(2026, 1, 1, tzinfo=UTC), 3), object=msgspec.Raw(b'"%s"' % (b"x" * size)),
        event_id=event_id, customer="cus_1",
    )  # fmt: skip


class Subject(Protocol):
    """A publisher and what it has published for a project."""

    publisher: Publisher

    async def published(self, project: str) -> list[StripeRecord]: ...


class InMemory:
    def __init__(self) -> None:
        self.memory = MemoryPublisher()
        self.publisher: Publisher = self.memory

    async def published(self, project: str) -> list[StripeRecord]:
        return [each for each in self.memory.records if each.project == project]


class OnKafka:
    def __init__(self, publisher: KafkaPublisher, bootstrap: str) -> None:
        self.publisher: Publisher = publisher
        self._bootstrap = bootstrap

    async def published(self, project: str) -> list[StripeRecord]:
        return await records_of(self._bootstrap, project)


@pytest.fixture
async def topics(kafka_bootstrap: str) -> str:
    """The broker's address, once all topics are there."""
    await ensure_topics(kafka_bootstrap, DEFAULT_PARTITIONS, 1)
    return kafka_bootstrap


@pytest.fixture(params=["memory", "kafka"])
async def subject(request: pytest.FixtureRequest, topics: str) -> AsyncIterator[Subject]:
    """Each kind of publisher in turn."""
    if request.param == "memory":
        yield InMemory()
        return
    async with kafka_publisher(topics, DEFAULT_PARTITIONS) as publisher:
        yield OnKafka(publisher, topics)


async def test_a_record_is_there_once_publish_returns(subject: Subject, project: str) -> None:
    await subject.publisher.publish(record(project))
    assert await subject.published(project) == [record(project)]


async def test_records_of_one_customer_keep_their_order(subject: Subject, project: str) -> None:
    for number in range(20):
        await subject.publisher.publish(record(project, f"evt_{number}"))
    assert [each.event_id for each in await subject.published(project)] == [f"evt_{n}" for n in range(20)]


async def test_a_record_of_over_one_mebibyte_fits(subject: Subject, project: str) -> None:
    await subject.publisher.publish(record(project, size=MEBIBYTE + 1000))
    assert len(await subject.published(project)) == 1


async def test_a_record_over_the_limit_is_refused_and_the_next_one_goes_on(subject: Subject, project: str) -> None:
    with pytest.raises(RecordTooLarge):
        await subject.publisher.publish(record(project, size=2 * MEBIBYTE + 1))
    await subject.publisher.publish(record(project, "evt_2"))
    assert [each.event_id for each in await subject.published(project)] == ["evt_2"]


async def test_a_subscription_of_too_many_items_is_published_with_the_first_and_that_there_are_more(
    subject: Subject, project: str
) -> None:
    items = [{"id": f"si_{number}", "price": {"id": "x" * 200}} for number in range(10_000)]
    content = {"object": "subscription", "id": "sub_1", "items": {"object": "list", "data": items, "has_more": False}}
    whole = msgspec.structs.replace(record(project), object=msgspec.Raw(msgspec.json.encode(content)))
    await subject.publisher.publish(whole)
    [cut] = await subject.published(project)
    kept = msgspec.json.decode(cut.object)["items"]
    assert (kept["data"], kept["has_more"], cut.incomplete) == (items[:10], True, ("items",))


async def test_a_batch_that_the_broker_refuses_does_not_end_the_partition(own_broker: OwnBrokers, project: str) -> None:
    bootstrap = (await own_broker()).bootstrap
    async with admin(bootstrap) as client:  # a broker takes a change of an existing topic up at its leisure
        smaller = {"max.message.bytes": "2000"}
        await client.create_topics([NewTopic(STRIPE_EVENTS.name, 1, 1, topic_configs=smaller)])
    await ensure_topics(bootstrap, 1, 1)
    async with kafka_publisher(bootstrap, 1) as publisher:
        for number in range(3):
            with pytest.raises(NotPublished):
                await publisher.publish(record(project, size=10_000))
            await publisher.publish(record(project, f"evt_good_{number}"))
    assert [each.event_id for each in await records_of(bootstrap, project)] == [f"evt_good_{n}" for n in range(3)]


async def test_a_publisher_without_a_broker_gives_up_in_time_and_ends(project: str) -> None:
    limits = PublishLimits(acknowledged_seconds=0.3, renewal_seconds=0.05, farewell_seconds=0.3)
    async with AsyncExitStack() as stack:
        publisher = await stack.enter_async_context(kafka_publisher("127.0.0.1:9", 1, limits))
        for _ in range(2):
            with pytest.raises(NotPublished):
                await publisher.publish(record(project))
        assert not publisher.is_reachable


async def test_a_producer_with_undelivered_records_can_be_abandoned(own_broker: OwnBrokers) -> None:
    broker = await own_broker()
    await ensure_topics(broker.bootstrap, 1, 1)
    producer = new_producer(broker.bootstrap)
    await producer.start()
    await broker.kill()
    delivery = await producer.send(STRIPE_EVENTS.name, b"x", key=b"x")
    await abandon(producer, 0.3)
    assert isinstance(delivery.exception(), Exception)


async def test_topics_are_made_once_with_their_settings(own_broker: OwnBrokers) -> None:
    bootstrap = (await own_broker()).bootstrap
    for _ in range(2):
        await ensure_topics(bootstrap, 3, 1)
    async with admin(bootstrap) as client:
        assert {topic.name for topic in every_topic()} <= set(await client.list_topics())
        (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, STRIPE_EVENTS.name)])
        settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert {name: settings[name] for name in STRIPE_EVENTS.config()} == STRIPE_EVENTS.config()
    with pytest.raises(TopicMismatch, match=r"TOPIC_PARTITIONS is 4, but .*stripe\.events has 3"):
        await ensure_topics(bootstrap, 4, 1)


async def test_a_broker_that_is_not_there_is_said_to_be_unavailable(kafka_bootstrap: str) -> None:
    assert await kafka_answers(kafka_bootstrap)
    assert not await kafka_answers("127.0.0.1:9", deadline_seconds=0.5)
    with pytest.raises(KafkaUnavailable, match=r"127\.0\.0\.1:9"):
        await ensure_topics("127.0.0.1:9", 1, 1)
