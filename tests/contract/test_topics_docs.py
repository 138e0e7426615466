"""The page for subscribers: its example runs against a broker, its records are records, its table is true."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from libs.runtime.kafka import ensure_topics, new_consumer, new_producer
from libs.wire import topics
from libs.wire.activity import Activity
from libs.wire.codec import decode
from libs.wire.records import HealthRecord, Record, SignalRecord
from services.alerts.publishing import signal_output
from tests.domain.risk_facts import invoice, one_of, signals_at

PAGE = Path(__file__).parents[2] / "docs" / "topics.md"


def block(language: str, place: int = 0) -> str:
    """A fenced block of the page."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return found[place]


@pytest.mark.parametrize(("place", "kind"), [(0, SignalRecord), (1, HealthRecord)])
def test_the_records_shown_are_records(place: int, kind: type[Record]) -> None:
    decode(block("json", place).encode(), kind)


def test_every_topic_and_every_kind_of_activity_is_on_the_page() -> None:
    text = PAGE.read_text()
    assert [topic.name for topic in topics.CONTRACT if f"`{topic.name}`" not in text] == []
    kinds = [kind.__struct_config__.tag for kind in Activity.__args__]
    assert [kind for kind in kinds if f"`{kind}`" not in text] == []


async def test_the_python_example_says_each_open_signal_once(
    kafka_bootstrap: str, tmp_path: Path, project: str
) -> None:
    await ensure_topics(kafka_bootstrap, topics.DEFAULT_PARTITIONS, 1)
    signal = one_of("payment_failed", signals_at(6, invoice(5)))
    topic, _, value, headers = signal_output(signal, livemode=True)
    await begin_at_the_end(kafka_bootstrap, topic, group=project)
    async with new_producer(kafka_bootstrap) as producer:
        for _ in range(2):
            await producer.send_and_wait(topic, value, project.encode(), headers=headers)
        resolved = [("ce_id", b"over"), ("ce_type", b"churn.signal.resolved")]
        await producer.send_and_wait(topic, value, project.encode(), headers=resolved)
    script = tmp_path / "subscriber.py"
    script.write_text(block("python"))
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "GROUP": project}
    running = await asyncio.create_subprocess_exec(
        sys.executable, script, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        said = await asyncio.wait_for(_lines_about(running, signal.message), 30)
    finally:
        running.kill()
        await running.wait()
    assert said == [f"{signal.severity} {signal.client} payment_failed {signal.message}"]


async def begin_at_the_end(bootstrap: str, topic: str, group: str) -> None:
    """Other tests' records are in the topic, thousands at times: the group is past them."""
    async with new_consumer(bootstrap, group=group) as member:
        places = [TopicPartition(topic, number) for number in range(topics.DEFAULT_PARTITIONS)]
        member.assign(places)
        await member.commit(await member.end_offsets(places))


async def _lines_about(running: asyncio.subprocess.Process, message: str) -> list[str]:
    """What the example says of a message, until it has been quiet for a while."""
    assert running.stdout is not None
    found: list[str] = []
    while True:
        try:
            line = await asyncio.wait_for(running.stdout.readline(), 1.0 if found else 30.0)
        except TimeoutError:
            return found
        assert line, f"the example ended by itself, with {await running.wait()}"
        if message in line.decode():
            found.append(line.decode().strip())
