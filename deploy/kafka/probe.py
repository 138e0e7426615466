"""Ask a Kafka broker who it is, in 40 bytes of its own protocol: no client to warm up, nothing logged."""

import asyncio
import struct

METADATA, VERSION = 3, 2
CLIENT = b"revstream"
# Metadata v2 for no topics at all: length, key, version, correlation id, client id, number of topics.
_BODY = struct.pack(f">hhih{len(CLIENT)}si", METADATA, VERSION, 1, len(CLIENT), CLIENT, 0)
REQUEST = struct.pack(">i", len(_BODY)) + _BODY
LARGEST_ANSWER = 1024 * 1024


def read_cluster_id(answer: bytes) -> str | None:
    """The cluster id in a Metadata v2 answer; None while no broker of the cluster is ready.

    Raises:
        ValueError: these bytes are no such answer.
    """
    try:
        return _Reader(answer).cluster_id()
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError("no answer of a Kafka broker") from error


class _Reader:
    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._at = 4  # after the correlation id

    def cluster_id(self) -> str | None:
        brokers = self._number(">i")
        for _ in range(brokers):
            self._number(">i")
            self._text()
            self._number(">i")
            self._text()
        found = self._text()
        return found if brokers > 0 else None

    def _number(self, shape: str) -> int:
        (value,) = struct.unpack_from(shape, self._answer, self._at)
        self._at += struct.calcsize(shape)
        return int(value)

    def _text(self) -> str | None:
        length = self._number(">h")
        if length < 0:
            return None
        (raw,) = struct.unpack_from(f">{length}s", self._answer, self._at)
        self._at += length
        return bytes(raw).decode()


async def cluster_id(host: str, port: int, deadline: float = 2) -> str | None:
    """The id of the cluster that answers at this address; None if nothing there is a ready broker."""
    try:
        async with asyncio.timeout(deadline):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return read_cluster_id(await _ask(reader, writer))
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return None


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(REQUEST)
    await writer.drain()
    (length,) = struct.unpack(">i", await reader.readexactly(4))
    if not 0 < length < LARGEST_ANSWER:
        raise ValueError("no answer of a Kafka broker")
    return await reader.readexactly(length)


async def wait_until_answers(bootstrap: str, deadline: float) -> None:
    """Wait until a broker of the list answers.

    Raises:
        TimeoutError: none did within `deadline` seconds.
    """
    async with asyncio.timeout(deadline):
        while not await answers(bootstrap):  # noqa: ASYNC110 – another process's state has no event
            await asyncio.sleep(0.2)


async def answers(bootstrap: str) -> bool:
    """Does any broker of a `host:port,host:port` list answer?"""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if host and port.isdecimal() and await cluster_id(host.strip("[]"), int(port), deadline=5) is not None:
            return True
    return False
