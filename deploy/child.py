"""A program that runs as our child: started, waited for, and stopped within a deadline."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
LOG_LIMIT_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how it is told to end.

    `stop_signal` asks it to stop, `orphan_signal` is what the kernel sends it when we die (Linux),
    `user` is the numeric user to run it as (None: our own).
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    user: int | None = None


class Child:
    """One running program with a process group of its own, so that a Ctrl-C reaches only us."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process) -> None:
        self.program = program
        self.pid = process.pid
        self._process = process

    @classmethod
    async def start(cls, program: Program) -> "Child":
        """Start `program` with its output appended to its log.

        Must be awaited on the main thread: the kernel's "parent died" means the thread that started it.

        Raises:
            OSError: the log can't be opened or the program not be started.
        """
        _turn_over(program.log)
        user = -1 if program.user is None else program.user
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(program.orphan_signal))]
        with program.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *tether,
                str(user),
                *program.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=program.folder,
                env={**os.environ, **program.env},
                start_new_session=True,
            )
        return cls(program, process)

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal), or None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it alone; nothing happens if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it and what it started, at once; nothing happens if it has ended."""
        if self.exit_code is None:
            self._kill_group()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def stop(self, deadline: float) -> bool:
        """Ask it to stop, kill it after `deadline` seconds; True if it stopped by itself."""
        if self.exit_code is not None:
            return True
        self.signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(deadline):
                await self.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            # Also what it left behind in its group, and it itself when we are cancelled meanwhile.
            self._kill_group()
            await asyncio.shield(self.wait())


def _turn_over(log: Path) -> None:
    """Keep one older log, so that a program restarted for months doesn't fill the disk."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".old.log"))
