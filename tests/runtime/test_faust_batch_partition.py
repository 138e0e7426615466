"""Keys go where Kafka's own clients send them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from libs.runtime.partition import partition_of

# murmur2 of Kafka's Java client (org.apache.kafka.common.utils.UtilsTest), made positive.
JAVA = [
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
]


@pytest.mark.parametrize(("key", "murmur2"), JAVA, ids=[key.decode() for key, _ in JAVA])
def test_same_partition_as_the_java_client(key: bytes, murmur2: int) -> None:
    assert partition_of(key, 1 << 30) == (murmur2 & 0x7FFFFFFF) % (1 << 30)


@given(key=st.binary(), count=st.integers(1, 64))
def test_same_partition_as_aiokafka(key: bytes, count: int) -> None:
    every = list(range(count))
    assert partition_of(key, count) == DefaultPartitioner()(key, every, every)
