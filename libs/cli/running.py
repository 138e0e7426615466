"""Where the system that runs on this machine answers, noted in its home while it runs, for the other commands."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.failures import StackUnavailable
from deploy.stack import DEFAULT_HOME

FILE = "running.json"


@dataclass(frozen=True, slots=True)
class Running:
    """Addresses of what runs, the process that supervises it, and the port of each service's health page."""

    api: str
    ingest: str
    kafka_bootstrap: str
    database_url: str
    pid: int
    health_ports: Mapping[str, int] = field(default_factory=dict)


@contextmanager
def noted(home: Path, running: Running) -> Iterator[None]:
    """Keep the note while the block runs. Only its owner may read it: a database address can hold a password."""
    file = home / FILE
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(running)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def running_here() -> Running:
    """What runs in this home. Raises StackUnavailable, saying how to start it, when nothing does."""
    home = Path(os.environ.get("REVSTREAM_HOME") or DEFAULT_HOME)
    try:
        running = Running(**json.loads((home / FILE).read_text()))
        os.kill(running.pid, 0)
    except (OSError, ValueError, TypeError) as error:
        raise StackUnavailable(
            f"nothing runs in {home}: start it with `revstream up`, or set DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS"
        ) from error
    return running


def database_url() -> str:
    """The environment's `DATABASE_URL`, else that of the system that runs here. Raises StackUnavailable."""
    return os.environ.get("DATABASE_URL") or running_here().database_url


def kafka_bootstrap() -> str:
    """The environment's `KAFKA_BOOTSTRAP_SERVERS`, else that of the system that runs here. Raises StackUnavailable."""
    return os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or running_here().kafka_bootstrap
