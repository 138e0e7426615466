"""A request that is whole in one piece of data and plain in every way: read strictly, without a server's machinery.

Anything that could be read in two ways is no such request, and left to aiohttp.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST_HEAD_BYTES = 4096
_HEAD = re.compile(rb"POST (/[!-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n)+)\r\n")
_LENGTH = re.compile(rb"[0-9]{1,7}")
_NEEDED = frozenset({b"host", b"content-length"})
# These change what a message means, or ask for something first.
_UNUSUAL = frozenset(
    {b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"trailer", b"te", b"keep-alive"}
)


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """A POST over HTTP/1.1 that leaves its connection open. Names of headers are in lower case."""

    target: str
    headers: Mapping[bytes, bytes]
    body: bytes


def whole_request(data: bytes) -> WholeRequest | None:
    """The request that `data` is, all of it and nothing else; None for everything that is not as plain as that."""
    head = _HEAD.match(data, 0, MOST_HEAD_BYTES)
    if head is None:
        return None
    headers: dict[bytes, bytes] = {}
    lines = head[2].split(b"\r\n")
    for line in lines[:-1]:
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip(b" \t")
    if len(headers) != len(lines) - 1 or not headers.keys() >= _NEEDED or headers.keys() & _UNUSUAL:
        return None
    length = headers[b"content-length"]
    if headers.get(b"connection", b"keep-alive").lower() != b"keep-alive" or not _LENGTH.fullmatch(length):
        return None
    if len(data) - head.end() != int(length):
        return None
    return WholeRequest(head[1].decode(), headers, data[head.end() :])
