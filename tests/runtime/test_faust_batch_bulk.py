"""Packing: records reach the right partition whole and in order, and an oversized one is named."""

import pytest
from aiokafka.errors import KafkaTimeoutError

from libs.runtime.faust_batch.bulk import Bulk, RecordTooLarge, Written
from libs.runtime.faust_batch.outbox import Outbox
from libs.runtime.partition import partition_of
from tests.runtime.faust_batch_fakes import FakeProducer

LIMIT = 20_000


def bulk(producer: FakeProducer) -> Bulk:
    return Bulk(producer, "out", 3, LIMIT)


async def test_records_keep_their_order_over_several_batches() -> None:
    producer = FakeProducer(batch_bytes=1000)
    packed = bulk(producer)
    for number in range(100):
        packed.add(b"k", b"%d" % number)
    assert await packed.send() == Written(first=0, last=99, contiguous=True)
    assert [sent.value for sent in producer.sent] == [b"%d" % number for number in range(100)]


async def test_headers_and_tombstones_arrive() -> None:
    producer = FakeProducer()
    packed = bulk(producer)
    packed.add(b"k", None, [("ce_id", b"evt_1")])
    await packed.send()
    assert (producer.sent[0].value, producer.sent[0].headers) == (None, (("ce_id", b"evt_1"),))


async def test_nothing_to_send_sends_nothing() -> None:
    producer = FakeProducer()
    assert await bulk(producer).send() is None
    assert producer.sent == []


async def test_a_record_larger_than_a_batch_travels_alone() -> None:
    producer = FakeProducer(batch_bytes=1000)
    packed = bulk(producer)
    for value in (b"small", b"x" * 5000, b"small"):
        packed.add(b"k", value)
    await packed.send()
    assert [len(sent.value or b"") for sent in producer.sent] == [5, 5000, 5]


async def test_a_record_over_the_limit_is_named_and_left_out() -> None:
    producer = FakeProducer(batch_bytes=1000)
    packed = bulk(producer)
    packed.add(b"before", b"v")
    with pytest.raises(RecordTooLarge, match="b'cus_1' of out is over the limit of 20000") as caught:
        packed.add(b"cus_1", b"x" * LIMIT)
    packed.add(b"after", b"v")
    await packed.send()
    assert (caught.value.key, caught.value.size > LIMIT) == (b"cus_1", True)
    assert [sent.key for sent in producer.sent] == [b"before", b"after"]


async def test_somebody_elses_write_in_between_is_noticed() -> None:
    class Shared(FakeProducer):
        def create_batch(self) -> object:
            self.ends["out", 3] += 1
            return super().create_batch()

    producer = Shared(batch_bytes=200)
    packed = bulk(producer)
    packed.add(b"k", b"x" * 150)
    packed.add(b"k", b"x" * 150)
    original = producer.send_batch

    async def disturbed(batch: object, topic: str, *, partition: int) -> object:
        acknowledged = await original(batch, topic, partition=partition)
        producer.ends[topic, partition] += 1
        return acknowledged

    producer.send_batch = disturbed  # type: ignore[method-assign,assignment]  # the other writer
    written = await packed.send()
    assert written is not None
    assert not written.contiguous


async def test_a_refused_send_raises() -> None:
    packed = bulk(FakeProducer(refuse=KafkaTimeoutError()))
    packed.add(b"k", b"v")
    with pytest.raises(KafkaTimeoutError):
        await packed.send()


async def test_outputs_go_to_the_partition_of_their_key_in_several_topics() -> None:
    producer = FakeProducer()
    outbox = Outbox(producer, {"a": 8, "dead": 2}, LIMIT)
    keys = [b"cus_%d" % number for number in range(50)]
    for key in keys:
        outbox.add(("a", key, b"v", []))
        outbox.add(("dead", key, b"v", [("reason", b"malformed")]))
    outbox.add(("dead", None, b"v", []))
    await outbox.send()
    found = {(sent.topic, sent.key, sent.partition) for sent in producer.sent if sent.key is not None}
    counts = {"a": 8, "dead": 2}
    assert found == {(topic, key, partition_of(key, counts[topic])) for topic in counts for key in keys}
    assert len(producer.sent) == 101
