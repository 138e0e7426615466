"""A connection must not cost us more than its sender: deadlines and counts, seen from raw sockets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from services.ingest.bodies import BodyLimits
from services.ingest.edge import EdgeLimits
from tests.ingest.fakes import body_of, event, signature
from tests.ingest.rig import Edge, parsed_answer, running_edge, whole_request

LIMITS = EdgeLimits(header_seconds=0.2, idle_seconds=0.4, lingering_seconds=0.2, connections_per_address=3)
BODY = body_of(event())
HEAD = b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
async def strict() -> AsyncIterator[Edge]:
    """An edge with short deadlines and room for three connections."""
    async with running_edge(LIMITS, BodyLimits(seconds=0.2)) as running:
        yield running


def signed_request() -> bytes:
    keep = whole_request(BODY, b"Stripe-Signature: " + signature(BODY).encode())
    return keep.replace(b"Connection: close\r\n", b"")


async def test_a_connection_without_a_byte_is_closed(strict: Edge) -> None:
    await strict.raw(b"")


@pytest.mark.parametrize("data", [b"P", HEAD, HEAD + b"X: y", b"\r\n"], ids=["a letter", "no end", "half", "blank"])
async def test_headers_that_never_end_get_408(strict: Edge, data: bytes) -> None:
    answer = parsed_answer(await strict.raw(data))
    assert (answer.status, answer.json["code"]) == (408, "request_too_slow")


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: 10\r\n\r\n",
        HEAD + b"Content-Length: 10\r\n\r\n12345",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n123",
    ],
    ids=["no byte of it", "half of it", "no chunk", "half a chunk"],
)
async def test_a_body_that_never_ends_gets_408(strict: Edge, data: bytes) -> None:
    answer = parsed_answer(await strict.raw(data))
    assert (answer.status, answer.json["code"]) == (408, "request_too_slow")


async def test_a_header_a_byte_at_a_time_does_not_extend_the_deadline(strict: Edge) -> None:
    began = time.monotonic()
    async with strict.wire() as (reader, writer):
        writer.write(HEAD)
        answered = asyncio.ensure_future(reader.read())
        while not answered.done() and time.monotonic() - began < 5:
            writer.write(b"X")
            await asyncio.wait({answered}, timeout=0.02)
        assert parsed_answer(await answered).status == 408
    assert time.monotonic() - began < 1


async def test_a_second_request_on_a_connection_has_its_own_deadline(strict: Edge) -> None:
    async with strict.wire() as (reader, writer):
        for _ in range(2):
            writer.write(signed_request())
            assert b" 200 OK" in await reader.readuntil(b'{"received":true}')
        writer.write(b"POST /")
        assert parsed_answer(await asyncio.wait_for(reader.read(), 5)).status == 408


async def test_an_idle_connection_is_closed_without_a_word(strict: Edge) -> None:
    async with strict.wire() as (reader, writer):
        writer.write(signed_request())
        await reader.readuntil(b'{"received":true}')
        assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_a_request_in_parts_within_the_deadline_is_good(strict: Edge) -> None:
    request = signed_request()
    async with strict.wire() as (reader, writer):
        for part in (request[:40], request[40:-40], request[-40:]):
            writer.write(part)
            await writer.drain()
        await reader.readuntil(b'{"received":true}')


async def test_one_address_has_so_many_connections_and_no_more(strict: Edge) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(strict.wire())
        answer = parsed_answer(await strict.raw(b""))
        assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
    assert (await strict.post(BODY)).status == 200


async def test_bodies_in_flight_are_bounded_together() -> None:
    part = HEAD + b"Content-Length: 90000\r\n\r\n" + b"x" * 60_000
    async with running_edge(bodies=BodyLimits(seconds=5, all_bytes=100_000)) as edge:
        async with edge.wire() as (_, writer):
            writer.write(part)
            await writer.drain()
            second = parsed_answer(await edge.raw(part))
            assert (second.status, second.headers["Retry-After"]) == (503, "5")
        assert (await edge.post(BODY)).status == 200
