"""What a producer knows of the topics it writes, on a real broker: aiokafka forgets them when it meets another."""

import uuid
from collections.abc import Iterable
from pathlib import Path

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.runtime.faust_batch import BatchSettings, StageResult, StageSpec, batch_app, stage
from libs.runtime.kafka import ensure_topics, new_producer
from libs.wire.topics import every_topic
from tests.runtime.faust_batch_fakes import record


async def made(bootstrap: str, *topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 4, 1) for topic in topics])
    await admin.close()


def leaderless(producer: AIOKafkaProducer, topics: Iterable[str]) -> list[str]:
    """The topics that a batch would wait for as their leader is not known."""
    cluster = producer.client.cluster
    return [topic for topic in topics if cluster.leader_for_partition(TopicPartition(topic, 0)) is None]


async def test_a_topic_that_it_meets_late_makes_it_forget_no_other(kafka_bootstrap: str) -> None:
    await ensure_topics(kafka_bootstrap, partitions=8, replication=1)
    late = f"late-{uuid.uuid4().hex}"
    async with new_producer(kafka_bootstrap) as producer:
        await made(kafka_bootstrap, late)
        await producer.partitions_for(late)
        assert leaderless(producer, (late, *(topic.name for topic in every_topic()))) == []


async def test_it_asks_for_every_topic_from_its_start_on(kafka_bootstrap: str) -> None:
    await ensure_topics(kafka_bootstrap, partitions=8, replication=1)
    asked = [await asked_for(kafka_bootstrap) for _ in range(20)]  # what a start happens to learn differs by its timing
    assert [topics ^ {topic.name for topic in every_topic()} for topics in asked] == [set()] * 20


async def asked_for(bootstrap: str) -> set[str]:
    async with new_producer(bootstrap) as producer:
        return set(producer.client._topics)


class Member:
    """A consumer that is still in its group."""

    async def prove_membership(self) -> None: ...


class Held:
    """A producer as Faust's driver holds it."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    def _ensure_producer(self) -> AIOKafkaProducer:
        return self._producer


async def test_a_changelog_that_was_just_made_does_not_make_a_worker_forget_where_others_go(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    group = f"group-{uuid.uuid4().hex}"
    first, second, changelogs = f"{group}-out", f"{group}-on", (f"{group}-one-changelog", f"{group}-two-changelog")
    await made(kafka_bootstrap, first, second)
    app = batch_app(BatchSettings(group, kafka_bootstrap, tmp_path, partitions=4))

    def compute(records: object, state: object) -> StageResult:
        return StageResult([(first, b"k", b"v", [])], {b"k": b"v"})

    def after(records: object, state: object) -> StageResult:
        return StageResult([(second, b"k", b"v", [])], {b"k": b"v"})

    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap) as producer:
        await made(kafka_bootstrap, *changelogs)
        app.producer, app.consumer = Held(producer), Member()
        one = stage(app, StageSpec("one", "in", (first,), compute))
        two = stage(app, StageSpec("two", first, (second,), after))
        for each in (one, two):
            await each._records_round({0: [record(0)]})
            await each._settle()
            assert leaderless(producer, (first, second, *changelogs)) == []
