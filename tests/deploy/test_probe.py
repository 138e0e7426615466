"""Asking a broker who it is."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploy.kafka import probe
from deploy.ports import LOCALHOST, free_port


def metadata(cluster: str | None, brokers: int = 1) -> bytes:
    """A Metadata v2 answer as a broker gives it, without topics."""
    entry = struct.pack(">ih9sih", 1, 9, b"127.0.0.1", 9092, -1)
    name = (
        struct.pack(">h", -1) if cluster is None else struct.pack(f">h{len(cluster)}s", len(cluster), cluster.encode())
    )
    return struct.pack(">ii", 1, brokers) + entry * brokers + name + struct.pack(">ii", 1, 0)


@asynccontextmanager
async def listener(answer: bytes) -> AsyncIterator[int]:
    """A server that answers any request with these bytes."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(reply, LOCALHOST, free_port())
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "cluster"),
    [
        (metadata("abc"), "abc"),
        (metadata("abc", brokers=3), "abc"),
        (metadata("abc", brokers=0), None),
        (metadata(None), None),
    ],
    ids=["one broker", "three", "none registered yet", "no id"],
)
def test_the_cluster_id_is_read_once_a_broker_is_ready(answer: bytes, cluster: str | None) -> None:
    assert probe.read_cluster_id(answer) == cluster


@pytest.mark.parametrize("length", range(0, len(metadata("abc")) - 9, 5))
def test_a_cut_answer_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="no answer of a Kafka broker"):
        probe.read_cluster_id(metadata("abc")[:length])


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\0\0\0\x04abcd", struct.pack(">i", -1)],
    ids=["HTTP", "hangs up", "too short", "negative length"],
)
async def test_what_is_no_broker_has_no_cluster_id(answer: bytes) -> None:
    async with listener(answer) as port:
        assert await probe.cluster_id(LOCALHOST, port) is None


@pytest.mark.parametrize(
    "bootstrap", ["127.0.0.1:1", "nonsense", "", "127.0.0.1:1, ,:9"], ids=["refused", "no port", "empty", "list"]
)
async def test_nobody_answers(bootstrap: str) -> None:
    assert not await probe.answers(bootstrap)


async def test_one_broker_of_the_list_is_enough() -> None:
    body = metadata("abc")
    async with listener(struct.pack(">i", len(body)) + body) as port:
        assert await probe.answers(f"127.0.0.1:1, {LOCALHOST}:{port}")
