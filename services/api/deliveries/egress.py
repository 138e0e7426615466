"""Where deliveries may go: https and public addresses, checked on the very address that a connection is made to."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

MOST_URL_CHARACTERS = 2000
# A look-up that hangs holds a thread; these are the deliveries' own, so that nothing else waits for one.
LOOKUP_THREADS = 32
LOOKUP_SECONDS = 5.0
# Addresses that carry an IPv4 address within: what they lead to can't be told from here.
CARRIERS = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))

Lookup = Callable[[str, int], Sequence[str]]


class UrlNotAllowed(ValueError):
    """Nothing may be delivered to this address; the message says why."""


class AddressNotAllowed(OSError):
    """A connection to this address was not made."""


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet. Anything that isn't surely so does not."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return _is_public(found.ipv4_mapped)
        if any(found in carrier for carrier in CARRIERS):
            return False
    return _is_public(found)


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def looked_up(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Egress:
    """What may be reached. `unsafe`: http and private addresses too, for a developer's own machine and tests only."""

    unsafe: bool = False
    lookup: Lookup = looked_up
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(LOOKUP_THREADS, "lookup"))

    async def require(self, url: str) -> None:
        """Raises UrlNotAllowed for an address that nothing may be delivered to."""
        host, port = _host_and_port(url, {"https", "http"} if self.unsafe else {"https"})
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                addresses = await self.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise UrlNotAllowed(f"{host} has no address that can be found") from error
        if not self.unsafe and not all(map(is_public, addresses)):
            raise UrlNotAllowed(f"{host} leads to an address that is not public")

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """What the host resolves to now. Raises OSError."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.lookup, host, port)

    def connector(self) -> TCPConnector:
        """Connects only where this allows, and to what was looked up for this very connection."""
        return TCPConnector(
            resolver=_Resolver(self), use_dns_cache=False, limit=0, socket_factory=self._socket, keepalive_timeout=15
        )

    def _socket(self, address: "tuple[Any, Any, int, str, tuple[Any, ...]]") -> socket.socket:
        family, kind, protocol, _, place = address
        if not self.unsafe and not is_public(str(place[0])):
            raise AddressNotAllowed("the host leads to an address that is not public")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


class _Resolver(AbstractResolver):
    """aiohttp's way to ask, in threads of our own."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._egress.addresses(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
            if family in (socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET)
        ]

    async def close(self) -> None:
        """The threads belong to the egress."""


def _host_and_port(url: str, schemes: set[str]) -> tuple[str, int]:
    if len(url) > MOST_URL_CHARACTERS or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>'):
        raise UrlNotAllowed("it is not a plain URL")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UrlNotAllowed("it is not a URL") from error
    if parts.scheme not in schemes:
        raise UrlNotAllowed("it must begin with https://")
    if not host or "@" in parts.netloc:
        raise UrlNotAllowed("it must name a host, and no user or password")
    return host, port or (443 if parts.scheme == "https" else 80)
