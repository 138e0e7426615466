"""Kafka as every service uses it: topics made before anyone starts, producers that wait for all acknowledgements."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaClient, AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, ProducerClosed

from libs.wire.topics import MAX_RECORD_BYTES, Topic, every_topic

NO_ERROR = 0
ALREADY_EXISTS = 36
ADMIN_DEADLINE_SECONDS = 20.0
RETRY_SECONDS = 1.0
PART_SECONDS = 5.0
RECORD_OVERHEAD_BYTES = 1024  # the broker's limit counts the batch around a record, the producer's does not

log = structlog.get_logger(__name__)


class KafkaUnavailable(ConnectionError):
    """No broker answered in time: try again."""


class TopicMismatch(RuntimeError):
    """A topic exists with another number of partitions than the settings say: somebody must decide which is right."""


@dataclass(frozen=True, slots=True)
class ProducerLimits:
    """`request_seconds`: how long one try to reach a broker lasts. An idempotent producer tries again for ever; who
    waits for an acknowledgement sets their own deadline."""

    request_seconds: float = 40.0
    batch_bytes: int = 128 * 1024
    linger_ms: int = 0


async def ensure_topics(bootstrap: str, partitions: int, replication: int) -> None:
    """Create what is missing of all topics, with the settings declared for them; harmless to repeat.

    Raises KafkaUnavailable when no broker answers, TopicMismatch when a topic has another count of partitions.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        async with asyncio.timeout(ADMIN_DEADLINE_SECONDS):
            await admin.start()
            await _create_missing(admin, [_new_topic(topic, partitions, replication) for topic in every_topic()])
            found = await _partition_counts(admin, [topic.name for topic in every_topic()])
    except (KafkaError, OSError, TimeoutError) as error:
        raise KafkaUnavailable(f"topics could not be created on {bootstrap}: {error!r}; is Kafka running?") from error
    finally:
        await admin.close()
    _require_counts(found, partitions)


def _new_topic(topic: Topic, partitions: int, replication: int) -> NewTopic:
    return NewTopic(topic.name, partitions, replication, topic_configs=topic.config())


async def _create_missing(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> None:
    answer = await admin.create_topics(topics, timeout_ms=10_000)
    for name, code, *reason in answer.topic_errors:
        if code not in (NO_ERROR, ALREADY_EXISTS):
            raise KafkaError(f"topic {name} was refused with code {code}: {' '.join(str(part) for part in reason)}")


async def _partition_counts(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """The count of partitions by topic, once every partition of every topic has a leader."""
    while True:
        topics = await admin.describe_topics(names)
        if all(topic["error_code"] == NO_ERROR and _led(topic["partitions"]) for topic in topics):
            return {topic["topic"]: len(topic["partitions"]) for topic in topics}
        await asyncio.sleep(0.1)


def _led(partitions: Iterable[Mapping[str, int]]) -> bool:
    return all(partition["error_code"] == NO_ERROR and partition["leader"] >= 0 for partition in partitions)


def _require_counts(found: Mapping[str, int], partitions: int) -> None:
    wrong = [f"{name} has {count}" for name, count in sorted(found.items()) if count != partitions]
    if wrong:
        raise TopicMismatch(
            f"TOPIC_PARTITIONS is {partitions}, but {', '.join(wrong)}. Joined topics need one count: set "
            f"TOPIC_PARTITIONS to what exists, or move the data to new topics."
        )


class MindfulProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """Forgets none of our topics, whatever else it is given to publish: see `keep_in_mind`."""

    async def start(self) -> None:
        """Connect. Raises KafkaError."""
        await super().start()
        known = (await self.client.fetch_all_metadata()).topics()  # only these: asking for another may make it
        keep_in_mind(self, (topic.name for topic in every_topic() if topic.name in known))


def keep_in_mind(producer: AIOKafkaProducer, topics: Iterable[str]) -> None:
    """Have a producer that has started ask for these topics' leaders from now on.

    aiokafka 0.14 asks for all topics until it meets one that it does not know. From then on it asks for that one alone
    and forgets the leaders of all others: what is on its way to one of them waits, and everybody who flushes, until it
    fails after `request_timeout_ms`.
    """
    for topic in topics:
        producer.client.add_topic(topic)


def new_producer(bootstrap: str, limits: ProducerLimits = ProducerLimits()) -> AIOKafkaProducer:
    """A producer, not yet started: acknowledged by all replicas, idempotent, records up to the topics' limit."""
    return MindfulProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_RECORD_BYTES - RECORD_OVERHEAD_BYTES,
        max_batch_size=limits.batch_bytes,
        linger_ms=limits.linger_ms,
        request_timeout_ms=int(limits.request_seconds * 1000),
    )


def new_consumer(bootstrap: str, *topics: str, group: str | None = None) -> AIOKafkaConsumer:
    """A consumer, not yet started: from the earliest record where the group has no offset; commits are the caller's."""
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
    )


async def abandon(producer: AIOKafkaProducer, deadline_seconds: float) -> None:
    """Stop a producer: wait for what it still has to deliver until the deadline, then give that up.

    `stop()` alone waits for ever when the broker is gone, as an idempotent producer never gives up a batch. What ends
    it then is private to aiokafka, and so held by a test against the pinned version.
    """
    try:
        await asyncio.wait_for(producer.stop(), deadline_seconds)
    except TimeoutError:
        with suppress(TimeoutError):
            await asyncio.wait_for(producer._sender.close(), deadline_seconds)
        producer._message_accumulator.fail_all(ProducerClosed())
        await producer.client.close()


async def part_with(consumer: AIOKafkaConsumer, deadline_seconds: float = PART_SECONDS) -> None:
    """Stop a consumer; one that has not stopped by the deadline, as its broker is gone, is left to itself."""
    stopping = asyncio.ensure_future(consumer.stop())
    done, _ = await asyncio.wait({stopping}, timeout=deadline_seconds)
    if done:
        stopping.result()
    else:
        stopping.cancel()  # not awaited: what does not stop may not be cancelled either


async def kafka_answers(bootstrap: str, deadline_seconds: float = 2.0) -> bool:
    """Whether a broker answers a metadata request within the deadline."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=int(deadline_seconds * 1000))
    try:
        async with asyncio.timeout(deadline_seconds):
            await client.bootstrap()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return True


async def await_topics(bootstrap: str, partitions: int, replication: int) -> None:
    """As `ensure_topics`, trying again until Kafka is there: services may start in any order.

    Raises TopicMismatch at once, as waiting would not mend it.
    """
    while True:
        try:
            return await ensure_topics(bootstrap, partitions, replication)
        except KafkaUnavailable as error:
            log.warning("kafka_awaited", bootstrap=bootstrap, error=str(error), retry_seconds=RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)
