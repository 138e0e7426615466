"""The checks of `revstream doctor` on this machine, on PostgreSQL from the outside, and on the services."""

import asyncio
import shutil
import sys
from pathlib import Path

import asyncpg

from deploy.failures import FREE_BYTES_NEEDED
from deploy.migrations import newest, revision_in
from libs.cli.findings import Finding, Place, good, problem, skipped
from libs.cli.port_checks import ports
from libs.cli.system import is_ready

OLDEST_PYTHON = (3, 11)
CONNECT_SECONDS = 5.0
START = "Start it with `revstream up`, or set DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS."


async def machine(place: Place) -> list[Finding]:
    """Python's version, room on the disk, whether a system is known here, and its ports."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    python = good("python", version)
    if sys.version_info[:2] < OLDEST_PYTHON:
        python = problem("python", f"{version} is too old", "Install Python 3.11 or newer.")
    return [python, _disk(place.home), _system(place), ports(place)]


def _disk(home: Path) -> Finding:
    nearest = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(nearest).free
    told = f"{free // 2**20} MB are free for {home}"
    if free >= FREE_BYTES_NEEDED:
        return good("disk", told)
    return problem("disk", told, f"Free at least {FREE_BYTES_NEEDED // 2**20} MB, or set REVSTREAM_HOME elsewhere.")


def _system(place: Place) -> Finding:
    if place.missing is None:
        return good("system", f"runs in {place.home}")
    if place.is_anywhere:
        return skipped("system", "not started by `revstream up` here; the environment says where it is")
    return problem("system", f"nothing runs in {place.home}", START)


async def postgres(place: Place) -> list[Finding]:
    """Whether PostgreSQL answers and has the newest schema."""
    if place.database is None:
        return [skipped("postgres", "no address is known"), skipped("schema", "no address is known")]
    try:
        connection = await asyncpg.connect(place.database, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        hint = "Check that it runs, and that DATABASE_URL is right."
        return [problem("postgres", f"does not answer: {type(error).__name__}", hint), skipped("schema", "no answer")]
    try:
        found = await revision_in(connection)
    finally:
        await connection.close()
    return [good("postgres", "answers"), _schema(found)]


def _schema(found: str | None) -> Finding:
    ours = newest()
    if found == ours:
        return good("schema", f"is the newest, {ours}")
    return problem("schema", f"is {found or 'not there'}, the newest is {ours}", "Start the api service: it migrates.")


async def services(place: Place) -> list[Finding]:
    """Whether each service is ready."""
    if not place.health_ports:
        return [skipped("services", "the ports of their health pages are not known")]
    ready = await asyncio.gather(*(is_ready(port) for port in place.health_ports.values()))
    return [
        good(name, "is ready")
        if is_good
        else problem(name, "is not ready", f"Look into {place.home / 'logs' / f'{name}.log'}.")
        for name, is_good in zip(place.health_ports, ready, strict=True)
    ]
