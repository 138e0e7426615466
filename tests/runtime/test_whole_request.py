"""What is read without aiohttp is read as aiohttp reads it, or not at all."""

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from libs.runtime.whole_request import whole_request

BODY = b'{"id":"evt_1"}'
HEAD = b"POST /webhooks/stripe/p1?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n"


def test_a_plain_request_is_read() -> None:
    request = whole_request(HEAD + b"Stripe-Signature:  t=1,v1=2 \r\nConnection: Keep-Alive\r\n\r\n" + BODY)
    assert request is not None
    assert (request.target, request.body) == ("/webhooks/stripe/p1?a=b", BODY)
    assert request.headers[b"stripe-signature"] == b"t=1,v1=2"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD,
        HEAD + b"\r\n" + BODY[:-1],
        HEAD + b"\r\n" + BODY + b"P",
        HEAD + b"\r\n" + BODY + HEAD + b"\r\n" + BODY,
        HEAD + b"content-length: 14\r\n\r\n" + BODY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + BODY,
        HEAD + b"Content-Encoding: identity\r\n\r\n" + BODY,
        HEAD + b"Expect: 100-continue\r\n\r\n" + BODY,
        HEAD + b"Connection: close\r\n\r\n" + BODY,
        HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" + BODY,
        HEAD + b"X : y\r\n\r\n" + BODY,
        HEAD + b" X: folded\r\n\r\n" + BODY,
        HEAD + b"X: y\n\r\n" + BODY,
        HEAD + b"X: \x00\r\n\r\n" + BODY,
        HEAD + b"X: \xff\r\n\r\n" + BODY,
        HEAD + b"X: " + b"y" * 5000 + b"\r\n\r\n" + BODY,
        HEAD.replace(b"14", b"+14") + b"\r\n" + BODY,
        HEAD.replace(b"14", b"14, 14") + b"\r\n" + BODY,
        HEAD.replace(b"Host: x\r\n", b"") + b"\r\n" + BODY,
        HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n" + BODY,
        HEAD.replace(b"POST", b"GET") + b"\r\n" + BODY,
        HEAD.replace(b"POST", b"post") + b"\r\n" + BODY,
        b"\r\n" + HEAD + b"\r\n" + BODY,
    ],
    ids=["nothing", "head only", "cut", "longer", "two", "two lengths", "chunked", "encoded", "expects", "closes",
         "upgrades", "space before colon", "folded", "bare newline", "NUL", "beyond ASCII", "long head",
         "signed length", "list of lengths", "no host", "HTTP/1.0", "GET", "lower case", "empty line first"],
)  # fmt: skip
def test_everything_else_is_left_alone(data: bytes) -> None:
    assert whole_request(data) is None


NAMES = st.sampled_from([b"Host", b"host", b"Content-Length", b"X", b"Stripe-Signature", b"Connection", b"Te", b"A-b"])
VALUES = st.one_of(st.sampled_from([b"14", b"x", b"", b" 14 ", b"keep-alive", b"014", b"t=1"]), st.binary(max_size=6))
LINES = st.lists(st.tuples(NAMES, st.sampled_from([b":", b": ", b":\t"]), VALUES), max_size=4)


@given(
    lines=LINES, target=st.sampled_from([b"/", b"/p?q#f", b"//x", b"/%00", b"/a b"]), body=st.sampled_from([BODY, b""])
)
def test_what_is_read_is_what_aiohttp_reads(
    lines: list[tuple[bytes, bytes, bytes]], target: bytes, body: bytes
) -> None:
    length = b"Content-Length: %d\r\n" % len(body)
    more = b"".join(name + colon + value + b"\r\n" for name, colon, value in lines)
    data = b"POST " + target + b" HTTP/1.1\r\nHost: x\r\n" + length + more + b"\r\n" + body
    request = whole_request(data)
    if request is None:
        return
    loop = asyncio.new_event_loop()
    try:
        parser = HttpRequestParser(BaseProtocol(loop), loop, 2**16)
        ((message, payload),), _, tail = parser.feed_data(data)
        assert (message.method, message.path, tail) == ("POST", request.target, b"")
        assert {n.lower().encode(): v.encode() for n, v in message.headers.items()} == request.headers
        assert not any((message.should_close, message.chunked, message.upgrade, message.compression))
        assert (payload.read_nowait() if body else b"") == request.body
    finally:
        loop.close()
