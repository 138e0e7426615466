"""What Kafka and PostgreSQL have in common as children of ours: begun, awaited until ready, stopped, killed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.child import Child, Program
from deploy.failures import StackUnavailable, explain_exit


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for a start and for a stop."""

    start: float
    stop: float


Answers = Callable[[], Awaitable[bool]]


class Lifecycle:
    """One server's process, over any number of starts. `title` names it for people."""

    def __init__(self, title: str, pid_file: Path, deadlines: Deadlines) -> None:
        self._title = title
        self._pid_file = pid_file
        self._deadlines = deadlines
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """Its process, None while it is stopped."""
        return self._child.pid if self._child is not None and self._child.exit_code is None else None

    async def run(self, program: Program, answers: Answers) -> None:
        """Start it and return when it answers.

        Raises:
            StackUnavailable: it ended, or did not answer in time; no process is left behind.
        """
        log_from = program.log.stat().st_size if program.log.exists() else 0
        self._child = await Child.start(program)
        try:
            self._pid_file.write_text(str(self._child.pid))
            async with asyncio.timeout(self._deadlines.start):
                await self._ready(self._child, answers, log_from)
        except TimeoutError:
            await self.stop()
            within = self._deadlines.start
            raise StackUnavailable(f"{self._title} did not answer within {within:.0f} s: see {program.log}") from None
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop it cleanly, or by force after its deadline."""
        if self._child is not None:
            await self._child.stop(self._deadlines.stop)
            self._pid_file.unlink(missing_ok=True)

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._child is not None:
            self._child.kill()
            await self._child.wait()

    async def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        if self._child is None:
            raise RuntimeError(f"{self._title} was never started")
        return await self._child.wait()

    async def _ready(self, child: Child, answers: Answers, log_from: int) -> None:
        while not await answers():
            if child.exit_code is not None:
                raise explain_exit(self._title, child.exit_code, child.program.log, log_from)
            await asyncio.sleep(0.1)


async def run_tool(title: str, program: Program) -> None:
    """Run a program that ends by itself. Raises StackUnavailable where it fails."""
    child = await Child.start(program)
    try:
        code = await child.wait()
    finally:
        await child.stop(deadline=1)
    if code != 0:
        raise explain_exit(title, code, program.log)
