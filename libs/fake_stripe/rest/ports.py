"""A free port that no outgoing connection can be given meanwhile."""

import socket
from random import SystemRandom

# Below the range from which systems take the ports of outgoing connections.
_LOWEST, _HIGHEST = 20_000, 32_000


def free_port() -> int:
    """Give a port of this machine that nobody listens on; raises OSError when none is found."""
    random = SystemRandom()
    for _ in range(100):
        port = random.randint(_LOWEST, _HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port found between {_LOWEST} and {_HIGHEST}: stop something that listens there")
