"""The checks of `revstream doctor` on Kafka: it answers, the topics are as they must be, nothing was unreadable."""

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from libs.cli.findings import Finding, Place, good, problem, skipped
from libs.wire.topics import CONTRACT, every_topic

REQUEST_MS = 5000
DESCRIBED = frozenset(topic.name for topic in every_topic())


async def kafka(place: Place) -> list[Finding]:
    """Kafka, its topics and their dead letters. Nothing is created by looking."""
    if place.kafka is None:
        return [skipped(check, "no address is known") for check in ("kafka", "topics", "dead letters")]
    try:
        counts = await _partition_counts(place.kafka)
        letters = await _dead_letters(place.kafka, counts)
    except (KafkaError, OSError, TimeoutError) as error:
        hint = "Check that it runs, and that KAFKA_BOOTSTRAP_SERVERS is right."
        failed = problem("kafka", f"does not answer at {place.kafka}: {type(error).__name__}", hint)
        return [failed, skipped("topics", "no answer"), skipped("dead letters", "no answer")]
    return [
        good("kafka", f"answers at {place.kafka}"),
        topics_finding(counts, place.partitions),
        *dead_letters(letters),
    ]


def topics_finding(counts: dict[str, int], wanted: int | None) -> Finding:
    """Whether every topic exists with the same count of partitions: `wanted`, or any where that is not known."""
    missing = sorted(DESCRIBED - counts.keys())
    if missing:
        return problem("topics", f"missing: {', '.join(missing)}", "Start any service: it creates them.")
    right = wanted or max(counts.values())
    wrong = [f"{name} has {count}" for name, count in sorted(counts.items()) if count != right]
    if wrong:
        hint = "Set TOPIC_PARTITIONS to what exists, or move the data to new topics: joined topics need one count."
        return problem("topics", f"{', '.join(wrong)} partitions, not {right}", hint)
    return good("topics", f"all {len(counts)} are there, with {right} partitions each")


def dead_letters(letters: dict[str, int]) -> list[Finding]:
    """A problem for each topic with records that could not be read."""
    hint = "Read their headers: they say why, and where each came from."
    found = [problem("dead letters", f"{count} in {name}", hint) for name, count in sorted(letters.items()) if count]
    return found or [good("dead letters", "none")]


async def _partition_counts(bootstrap: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        there = sorted(DESCRIBED & set(await admin.list_topics()))
        described = await admin.describe_topics(there) if there else []
    finally:
        await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


async def _dead_letters(bootstrap: str, counts: dict[str, int]) -> dict[str, int]:
    """How many records each dead-letter topic holds."""
    names = [topic.dead_letters for topic in CONTRACT if topic.dead_letters in counts]
    if not names:
        return {}
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await consumer.start()
        partitions = [TopicPartition(name, number) for name in names for number in range(counts[name])]
        ends, starts = await consumer.end_offsets(partitions), await consumer.beginning_offsets(partitions)
    finally:
        await consumer.stop()
    return {name: sum(ends[each] - starts[each] for each in partitions if each.topic == name) for name in names}
