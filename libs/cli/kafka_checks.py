"""The checks of `revstream doctor` on Kafka: it answers, topics and replicas are as they must be, nobody is behind."""

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from libs.cli.dlq_checks import open_letters
from libs.cli.findings import Finding, Place, good, problem, skipped
from libs.runtime.kafka import part_with
from libs.wire.topics import CONTRACT, every_topic

REQUEST_MS = 5000
MOST_BEHIND = 10_000
INSIDE = ("topics", "replicas", "dead letters", "lag")
DESCRIBED = frozenset(topic.name for topic in every_topic())


async def kafka(place: Place) -> list[Finding]:
    """Kafka, its topics and their dead letters. Nothing is created by looking."""
    if place.kafka is None:
        return [skipped(check, "no address is known") for check in ("kafka", *INSIDE)]
    try:
        counts, thin = await _partitions(place.kafka)
        letters = await open_letters(place.kafka, place.database, await _dead_letters(place.kafka, counts))
        behind = await _lags(place.kafka, counts)
    except (KafkaError, OSError, TimeoutError) as error:
        hint = "Check that it runs, and that KAFKA_BOOTSTRAP_SERVERS is right."
        failed = problem("kafka", f"does not answer at {place.kafka}: {type(error).__name__}", hint)
        return [failed, *(skipped(check, "no answer") for check in INSIDE)]
    return [
        good("kafka", f"answers at {place.kafka}"),
        topics_finding(counts, place.partitions),
        replicas(thin),
        *dead_letters(letters),
        lag(behind),
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
    """A problem for each topic with records that could not be read, and that nobody sent again or dropped."""
    hint = "`revstream dlq list` says why; mend that, then `revstream dlq retry` them, or `drop` them with a reason."
    found = [problem("dead letters", f"{count} in {name}", hint) for name, count in sorted(letters.items()) if count]
    return found or [good("dead letters", "none")]


def replicas(thin: list[str]) -> Finding:
    """Whether each partition has all its replicas in step with its leader; `thin` names those that have not."""
    if not thin:
        return good("replicas", "all are in sync")
    hint = "A broker is down or behind: until it is back, another failure may lose what was acknowledged."
    return problem("replicas", f"not all in sync: {', '.join(thin[:10])}", hint)


def lag(behind: dict[str, int]) -> Finding:
    """How many records the consumer groups have not read yet."""
    told = ", ".join(f"{group} {count}" for group, count in sorted(behind.items())) or "nobody reads"
    slow = [group for group, count in behind.items() if count > MOST_BEHIND]
    if not slow:
        return good("lag", told)
    return problem("lag", told, f"Look into the log of {', '.join(slow)}; more workers share the partitions.")


async def _partitions(bootstrap: str) -> tuple[dict[str, int], list[str]]:
    """How many partitions each topic has, and those whose replicas are not all in sync."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        there = sorted(DESCRIBED & set(await admin.list_topics()))
        described = await admin.describe_topics(there) if there else []
    finally:
        await admin.close()
    thin = [
        f"{topic['topic']} {partition['partition']}"
        for topic in described
        for partition in topic["partitions"]
        if len(partition["isr"]) < len(partition["replicas"])
    ]
    return {topic["topic"]: len(topic["partitions"]) for topic in described}, thin


async def _lags(bootstrap: str, counts: dict[str, int]) -> dict[str, int]:
    """By consumer group: what is on our topics behind the offsets that it has committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        await consumer.start()
        groups = [group for group, *_ in await admin.list_consumer_groups()]
        offsets = {group: await admin.list_consumer_group_offsets(group) for group in groups}
        ours = {each for held in offsets.values() for each in held if each.topic in counts}
        ends = await consumer.end_offsets(list(ours)) if ours else {}
    finally:
        await part_with(consumer)
        await admin.close()
    return {
        group: sum(max(0, ends[each] - at.offset) for each, at in held.items() if each in ends and at.offset >= 0)
        for group, held in offsets.items()
        if ends.keys() & held.keys()
    }


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
        await part_with(consumer)
    return {name: sum(ends[each] - starts[each] for each in partitions if each.topic == name) for name in names}
