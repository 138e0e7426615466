"""The check of `revstream doctor` on the ports that `revstream up` needs: free while nothing runs."""

import os
import socket
from collections.abc import Mapping

from libs.cli.findings import Finding, Place, good, problem

PORTS = {"API_PORT": 8080, "INGEST_PORT": 8081}


def ports(place: Place, environment: Mapping[str, str] = os.environ) -> Finding:
    """Whether the ports are free, or taken by the system that runs here."""
    wanted = {name: _port(environment.get(name), usual) for name, usual in PORTS.items()}
    if place.missing is None:
        return good("ports", "taken by the system that runs here")
    taken = [f"{name} {port}" for name, port in wanted.items() if port is None or not _is_free(port)]
    if not taken:
        return good("ports", f"{', '.join(str(port) for port in wanted.values())} are free")
    if place.is_anywhere:
        return good("ports", f"{', '.join(taken)} in use, perhaps by services that were started otherwise")
    hint = "End what uses them, or set API_PORT and INGEST_PORT to others."
    return problem("ports", f"{', '.join(taken)}: in use, or no port", hint)


def _port(text: str | None, usual: int) -> int | None:
    if not text:
        return usual
    return int(text) if text.isdecimal() and int(text) <= 65535 else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
