"""What `revstream doctor` finds: each check says how it stands and what to do."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deploy.failures import StackUnavailable
from deploy.stack import DEFAULT_HOME
from libs.cli.running import running_here


class State(StrEnum):
    """`skipped`: what the check needs is not there, which another finding tells, or nobody gave it."""

    OK = "ok"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check. `hint` says what to do about a problem."""

    check: str
    state: State
    told: str
    hint: str = ""

    def fields(self) -> dict[str, object]:
        """For a program."""
        return {"check": self.check, "state": self.state.value, "told": self.told, "hint": self.hint}


def good(check: str, told: str) -> Finding:
    return Finding(check, State.OK, told)


def problem(check: str, told: str, hint: str) -> Finding:
    return Finding(check, State.PROBLEM, told, hint)


def skipped(check: str, told: str, hint: str = "") -> Finding:
    return Finding(check, State.SKIPPED, told, hint)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the system is, as far as that is known; `missing` says why it is not."""

    home: Path
    kafka: str | None
    database: str | None
    api: str | None
    health_ports: Mapping[str, int]
    partitions: int | None
    missing: str | None

    @property
    def is_anywhere(self) -> bool:
        """Whether there is anything to look at."""
        return any((self.kafka, self.database, self.api))


def place_of(environment: Mapping[str, str] = os.environ) -> Place:
    """The environment's addresses, else those of the system that runs in REVSTREAM_HOME."""
    home = Path(environment.get("REVSTREAM_HOME") or DEFAULT_HOME)
    kafka, database, api = (
        environment.get(name) or None for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "PUBLIC_URL")
    )
    partitions = environment.get("TOPIC_PARTITIONS", "")
    count = int(partitions) if partitions.isdecimal() else None
    try:
        running = running_here()
    except StackUnavailable as error:
        return Place(home, kafka, database, api, {}, count, str(error))
    return Place(
        home=home,
        kafka=kafka or running.kafka_bootstrap,
        database=database or running.database_url,
        api=api or running.api,
        health_ports=running.health_ports,
        partitions=count,
        missing=None,
    )
