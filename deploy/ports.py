"""Ports of this machine: free ones below those that the system hands out by itself, remembered between starts."""

import json
import random
import socket
from pathlib import Path

from deploy.failures import StackUnavailable

LOWEST, HIGHEST = 15000, 32000
LOCALHOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Can a server of ours listen on `port` now?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: a port of a connection closed moments ago is free to listen on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
    return True


def free_port(avoid: frozenset[int] = frozenset()) -> int:
    """A free port that is none of `avoid`.

    Raises:
        StackUnavailable: hundreds of tries found none.
    """
    for _ in range(500):
        port = random.randint(LOWEST, HIGHEST)  # noqa: S311 – no secret
        if port not in avoid and is_free(port):
            return port
    raise StackUnavailable(f"no free port between {LOWEST} and {HIGHEST} on {LOCALHOST}: end some programs")


def require_free(port: int, setting: str) -> int:
    """`port` itself, which a person asked for by `setting`.

    Raises:
        StackUnavailable: another program has it.
    """
    if not is_free(port):
        raise StackUnavailable(f"port {port} is taken by another program: end it or set {setting} to another port")
    return port


def remembered(file: Path, name: str, avoid: frozenset[int] = frozenset()) -> int:
    """The port used under `name` at the last start if it is still free, else a new one, noted in `file`."""
    known = _read(file)
    port = known.get(name, 0)
    if not port or port in avoid or not is_free(port):
        port = free_port(avoid)
        file.write_text(json.dumps({**known, name: port}))
    return port


def _read(file: Path) -> dict[str, int]:
    try:
        known: dict[str, int] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):  # never written, or cut short by a full disk
        return {}
    return known
