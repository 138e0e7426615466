"""The checks of `revstream doctor` on this machine, on PostgreSQL, on the services, and on Stripe's side."""

import asyncio
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import aiohttp
import asyncpg
from alembic.script import ScriptDirectory

import deploy.migrations
from deploy.failures import FREE_BYTES_NEEDED
from libs.cli.api_client import ApiClient, ApiRefused, Json
from libs.cli.asking import STRIPE
from libs.cli.findings import Finding, Place, good, problem, skipped
from libs.cli.system import is_ready

OLDEST_PYTHON = (3, 11)
CONNECT_SECONDS = 5.0
START = "Start it with `revstream up`, or set DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS."
CONNECTIONS = "SELECT project, id, account, state, error ->> 'message' AS message, error ->> 'hint' AS hint"


async def machine(place: Place) -> list[Finding]:
    """Python's version, room on the disk, and whether a system is known here."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    python = good("python", version)
    if sys.version_info[:2] < OLDEST_PYTHON:
        python = problem("python", f"{version} is too old", "Install Python 3.11 or newer.")
    return [python, _disk(place.home), _system(place)]


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
        found = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    finally:
        await connection.close()
    return [good("postgres", "answers"), _schema(found)]


def _schema(found: str | None) -> Finding:
    newest = ScriptDirectory(str(Path(deploy.migrations.__file__).parent)).get_current_head()
    if found == newest:
        return good("schema", f"is the newest, {newest}")
    return problem(
        "schema", f"is {found or 'not there'}, the newest is {newest}", "Start the api service: it migrates."
    )


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


async def stripe(place: Place, key: str | None) -> list[Finding]:
    """How connections and webhooks stand: of the key's project by the API, else connections alone from PostgreSQL."""
    if key is None or place.api is None:
        untold = skipped("webhooks", "no API key was given", "Give --api-key or set REVSTREAM_API_KEY.")
        return [*await _stored_connections(place), untold]
    try:
        async with ApiClient(place.api.rstrip("/"), key) as api:
            connections = (await api.get(f"{STRIPE}/status"))["connections"]
    except ApiRefused as refused:
        return [problem("stripe", str(refused), "Give a key with the scope read.")]
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return [problem("stripe", f"the API does not answer: {type(error).__name__}", "Look at the api service.")]
    lasting = [each for each in connections if each["state"] != "disconnected"]
    return [*_connections(_told_connection(each) for each in lasting), *(_webhook(each) for each in lasting)]


async def _stored_connections(place: Place) -> list[Finding]:
    if place.database is None:
        return [skipped("stripe", "neither an API key nor a database is known")]
    try:
        connection = await asyncpg.connect(place.database, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
        try:
            await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
            rows = await connection.fetch(f"{CONNECTIONS} FROM connections WHERE state <> 'disconnected'")
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError):
        return [skipped("stripe", "PostgreSQL does not tell")]
    return _connections((f"{row['project']}: {row['account']}", row["state"], row) for row in rows)


def _told_connection(connection: Json) -> tuple[str, str, Json | None]:
    return connection["account"], connection["state"], connection["error"]


def _connections(found: "Iterable[tuple[str, str, Json | asyncpg.Record | None]]") -> list[Finding]:
    findings = []
    for name, state, error in found:
        if state == "active" and (error is None or error["message"] is None):
            findings.append(good("stripe", f"{name} is connected"))
        else:
            told, hint = (error["message"], error["hint"]) if error else (None, None)
            findings.append(problem("stripe", f"{name}: {told or state}", hint or "Connect the account again."))
    return findings or [good("stripe", "no account is connected yet")]


def _webhook(connection: Json) -> Finding:
    state, name = connection["webhook"]["state"], connection["account"]
    match state:
        case "unset":
            return problem("webhooks", f"{name}: no signing secret is set", "Set the endpoint's whsec_ secret.")
        case "failing":
            return problem(
                "webhooks",
                f"{name}: polling finds events that no webhook brought",
                "Check the endpoint and its secret.",
            )
    return good("webhooks", f"{name}: {state}, {connection['webhook']['events_24h']} events in 24 hours")
