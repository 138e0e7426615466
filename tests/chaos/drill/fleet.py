"""The drill's worker processes: started, killed, started again."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 20.0


class Fleet:
    """Some worker processes of one group, each with a folder and a log of its own."""

    def __init__(self, module: str, arguments: Sequence[str], home: Path) -> None:
        self._module, self._arguments, self._home = module, tuple(arguments), home
        self._processes: dict[int, Process] = {}

    def folder(self, number: int) -> Path:
        """Where worker `number` writes."""
        return self._home / f"worker{number}"

    async def start(self, number: int) -> None:
        """Start worker `number`; it is not ready yet."""
        folder = self.folder(number)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ready").unlink(missing_ok=True)
        with (folder / "log").open("ab") as log:
            self._processes[number] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, *self._arguments, str(folder), stdout=log, stderr=log
            )

    async def ready(self, number: int) -> float:
        """Wait until the worker has announced itself; the seconds that this took."""
        begun = time.monotonic()
        while not (self.folder(number) / "ready").exists():
            ended = self._processes[number].returncode is not None
            if ended or time.monotonic() - begun > START_SECONDS:
                raise TimeoutError(f"worker {number} was not ready in time:\n{self.log(number)}")
            await asyncio.sleep(0.05)
        return time.monotonic() - begun

    async def end(self, number: int, how: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit code."""
        process = self._processes.pop(number)
        if process.returncode is None:
            process.send_signal(how)
        return await asyncio.wait_for(process.wait(), STOP_SECONDS)

    def signal(self, number: int, what: signal.Signals) -> None:
        """Send a signal and don't wait."""
        self._processes[number].send_signal(what)

    async def exit_code(self, number: int) -> int:
        """Wait for the worker to end by itself."""
        return await asyncio.wait_for(self._processes[number].wait(), START_SECONDS)

    async def stop(self) -> list[int]:
        """End all politely; their exit codes."""
        return [await self.end(number, signal.SIGTERM) for number in sorted(self._processes)]

    def kill(self) -> None:
        """Whatever still runs after a failed test."""
        for process in self._processes.values():
            if process.returncode is None:
                process.kill()

    def log(self, number: int) -> str:
        """The last lines that the worker wrote."""
        return "\n".join((self.folder(number) / "log").read_text().splitlines()[-60:])
