"""The whole system on this machine: Kafka, PostgreSQL, the schema, the topics and the four services, supervised."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp

from deploy.child import Program
from deploy.failures import StackUnavailable, prepare_folder
from deploy.migrations import upgrade
from deploy.ports import free_port, remembered, require_free
from deploy.stack import Servers, StackSettings, local_stack
from libs.cli.processes import Happening, ServiceProcess, ServiceSettings, Supervisor
from libs.cli.running import Running
from libs.runtime.crypto import generate_key
from libs.runtime.kafka import ensure_topics
from libs.runtime.settings import keys_in
from libs.wire.topics import DEFAULT_PARTITIONS

SERVICES = ("api", "ingest", "mrr", "alerts")
PROBE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What to run where. Port 0 stands for any free one, the same at each start where it can be.

    `environment` goes to every service; `tell` hears what happens to the processes; `services` may be fewer than all.
    """

    stack: StackSettings
    api_port: int = 0
    ingest_port: int = 0
    partitions: int = DEFAULT_PARTITIONS
    environment: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[Happening], None] = lambda _: None
    services: tuple[str, ...] = SERVICES

    @property
    def home(self) -> Path:
        return self.stack.home


@dataclass(frozen=True, slots=True)
class System:
    """Where everything answers."""

    api_url: str
    ingest_url: str
    servers: Servers
    processes: Mapping[str, ServiceProcess]
    health_ports: Mapping[str, int]

    def running(self) -> Running:
        """The note of it for other commands."""
        return Running(
            api=self.api_url,
            ingest=self.ingest_url,
            kafka_bootstrap=self.servers.kafka_bootstrap,
            database_url=self.servers.database_url,
            pid=os.getpid(),
            health_ports={name: self.health_ports[name] for name in self.processes},
        )


@asynccontextmanager
async def running_system(settings: SystemSettings) -> AsyncIterator[System]:
    """Everything, ready, for the length of a block; stopped in reverse order at its end.

    Raises StackUnavailable with a sentence when something can't start; nothing is left running then.
    """
    prepare_folder(settings.home)  # the servers may be somebody else's, and make no folder here
    async with AsyncExitStack() as stack:
        supervisor = Supervisor(tell=settings.tell)
        servers = await stack.enter_async_context(local_stack(settings.stack))
        await stack.enter_async_context(supervisor)
        for server in servers.ours:
            supervisor.watch(server)
        await asyncio.gather(
            upgrade(servers.database_url), ensure_topics(servers.kafka_bootstrap, settings.partitions, 1)
        )
        system = _planned(settings, servers)
        await asyncio.gather(*(supervisor.start(process) for process in system.processes.values()))
        yield system


def _planned(settings: SystemSettings, servers: Servers) -> System:
    health: dict[str, int] = {}
    for service in SERVICES:
        health[service] = free_port(frozenset(health.values()))
    api_port = _port(settings, settings.api_port, "API_PORT")
    ingest_port = _port(settings, settings.ingest_port, "INGEST_PORT")
    shared = {
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap,
        "DATABASE_URL": servers.database_url,
        "TOPIC_PARTITIONS": str(settings.partitions),
        "REVSTREAM_HOME": str(settings.home),
        "REVSTREAM_ENCRYPTION_KEYS": encryption_keys(settings.home, settings.environment),
        "API_PORT": str(api_port),
        "INGEST_PORT": str(ingest_port),
        **{f"{service.upper()}_HEALTH_PORT": str(port) for service, port in health.items()},
    }
    environment = {**settings.environment, **shared}
    return System(
        api_url=f"http://127.0.0.1:{api_port}",
        ingest_url=f"http://127.0.0.1:{ingest_port}",
        servers=servers,
        processes={name: _service(settings.home, name, health[name], environment) for name in settings.services},
        health_ports=health,
    )


def _port(settings: SystemSettings, wanted: int, name: str) -> int:
    return require_free(wanted, name) if wanted else remembered(settings.home / "ports.json", name.lower())


def encryption_keys(home: Path, environment: Mapping[str, str]) -> str:
    """The keys that seal secrets at rest: the environment's, else those made at the first start and kept in `home`.

    Raises StackUnavailable where the environment names a file that can't be read.
    """
    given = environment.get("REVSTREAM_ENCRYPTION_KEYS")
    if given:
        return given
    named = environment.get("REVSTREAM_ENCRYPTION_KEYS_FILE")
    if named:
        return _keys_in(Path(named))
    file = home / "encryption.keys"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(generate_key())
    return _keys_in(file)


def _keys_in(file: Path) -> str:
    try:
        return keys_in(file)
    except ValueError as error:
        raise StackUnavailable(str(error)) from error


def _service(home: Path, name: str, health_port: int, environment: Mapping[str, str]) -> ServiceProcess:
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    program = Program(
        name=name,
        argv=(sys.executable, "-m", f"services.{name}"),
        log=logs / f"{name}.log",
        env=environment,
        folder=Path(__file__).resolve().parents[2],
    )
    return ServiceProcess(ServiceSettings(program, ready=lambda: is_ready(health_port)))


async def is_ready(port: int) -> bool:
    """Whether the service whose health page is on `port` says that it is ready."""
    try:
        timeout = aiohttp.ClientTimeout(total=PROBE_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def from_environment(tell: Callable[[Happening], None], say: Callable[[str], None]) -> SystemSettings:
    """Settings for a real account from the environment. Raises StackUnavailable for a value that makes no sense."""
    stack = StackSettings.from_env(os.environ, say)
    return SystemSettings(
        stack=replace(stack, home=stack.home.resolve()),
        api_port=_number("API_PORT", 8080),
        ingest_port=_number("INGEST_PORT", 8081),
        partitions=_number("TOPIC_PARTITIONS", DEFAULT_PARTITIONS),
        environment=dict(os.environ),
        tell=tell,
    )


def _number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise StackUnavailable(f"{name} is {text!r}: set it to a whole number up to 65535, or not at all")
    return int(text)
