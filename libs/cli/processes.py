"""Keep processes running: started in order, started again when they die, stopped in reverse within a deadline."""

import asyncio
import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, Self

from deploy.child import Child, Program
from deploy.failures import StackUnavailable, explain_exit

READY_POLL_SECONDS = 0.1


class Supervised(Protocol):
    """What can be kept running: a service's process, or a server of the local stack."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None:
        """Return when it is ready; raise `StackUnavailable` and leave nothing behind if it can't be."""

    async def wait(self) -> int:
        """Return its exit code when it has ended."""

    async def stop(self) -> None:
        """Return when it has ended, asked or forced; by force too when cancelled meanwhile."""


class What(enum.StrEnum):
    STARTED = "started"
    EXITED = "exited"
    START_FAILED = "start_failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a process. `seconds`: until it was ready, how long it ran, or until it stopped."""

    what: What
    name: str
    seconds: float
    code: int | None = None
    reason: str = ""
    next_start_in: float | None = None


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait before the next start; short again after it ran for `healthy_after` seconds."""

    first: float = 0.2
    longest: float = 4.0
    healthy_after: float = 30.0

    def after(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, counted from 1."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 30))


async def ready_at_once() -> bool:
    """For a process that is ready as soon as it runs."""
    return True


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """A program, how to see that it is ready, and how long a start and a stop may take."""

    program: Program
    ready: Callable[[], Awaitable[bool]] = ready_at_once
    start_within: float = 60
    stop_within: float = 8


class ServiceProcess:
    """A program under supervision."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._child: Child | None = None

    @property
    def name(self) -> str:
        return self._settings.program.name

    @property
    def pid(self) -> int | None:
        """Its process, None while there is none."""
        return self._child.pid if self._child is not None and self._child.exit_code is None else None

    async def start(self) -> None:
        """Start it and return when it is ready.

        Raises:
            StackUnavailable: it ended before, or took too long; no process is left behind.
        """
        log = self._settings.program.log
        log_from = log.stat().st_size if log.exists() else 0
        try:
            self._child = await Child.start(self._settings.program)
        except OSError as error:
            raise StackUnavailable(f"{self.name} can't be started: {error}") from error
        try:
            async with asyncio.timeout(self._settings.start_within):
                await self._until_ready(self._child, log_from)
        except TimeoutError:
            await self._child.stop(deadline=1)
            within = self._settings.start_within
            raise StackUnavailable(f"{self.name} was not ready within {within:.0f} s: see {log}") from None
        except BaseException:
            await self._child.stop(deadline=1)
            raise

    async def _until_ready(self, child: Child, log_from: int) -> None:
        while not await self._settings.ready():
            if child.exit_code is not None:
                raise explain_exit(self.name, child.exit_code, child.program.log, log_from)
            await asyncio.sleep(READY_POLL_SECONDS)

    async def wait(self) -> int:
        """Wait until it has ended; its exit code."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return await self._child.wait()

    async def stop(self) -> None:
        """Ask it to stop; end it by force after its deadline."""
        if self._child is not None:
            await self._child.stop(self._settings.stop_within)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._child is not None:
            self._child.kill()


class Supervisor:
    """`async with Supervisor(…) as supervisor: await supervisor.start(process)`; leaving the block stops all."""

    def __init__(
        self,
        tell: Callable[[Happening], None] = lambda _: None,
        back_off: BackOff | None = None,
        stop_within: float = 12,
    ) -> None:
        self._tell = tell
        self._back_off = back_off or BackOff()
        self._stop_within = stop_within
        self._started: list[Supervised] = []
        self._watches: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, process: Supervised) -> None:
        """Start a process, return when it is ready, and keep it running from then on.

        Raises:
            StackUnavailable: this first start failed; it is not tried again.
        """
        began = _now()
        await process.start()
        self._started.append(process)
        self._tell(Happening(What.STARTED, process.name, _now() - began))
        self.watch(process)

    def watch(self, process: Supervised) -> None:
        """Keep running what someone else started and will stop (a server of the local stack)."""
        self._watches.append(asyncio.create_task(self._keep_running(process)))

    async def stop(self) -> None:
        """Stop what was started here, the last one first; what isn't done by the deadline is killed."""
        for watch in self._watches:
            watch.cancel()
        ended = await asyncio.gather(*self._watches, return_exceptions=True)
        self._watches.clear()
        until = _now() + self._stop_within
        while self._started:
            await self._stop_one(self._started.pop(), until)
        for outcome in ended:
            if isinstance(outcome, Exception):  # a bug of ours in watching: shown once all is stopped
                raise outcome

    async def _stop_one(self, process: Supervised, until: float) -> None:
        began = _now()
        try:
            async with asyncio.timeout_at(until):
                await process.stop()
        except TimeoutError:
            reason = "killed at the deadline"
        else:
            reason = ""
        self._tell(Happening(What.STOPPED, process.name, _now() - began, reason=reason))

    async def _keep_running(self, process: Supervised) -> None:
        failures = 0
        while True:
            began = _now()
            code = await process.wait()
            ran = _now() - began
            failures = 1 if ran >= self._back_off.healthy_after else failures + 1
            delay = self._back_off.after(failures)
            self._tell(Happening(What.EXITED, process.name, ran, code=code, next_start_in=delay))
            failures = await self._start_again(process, failures)

    async def _start_again(self, process: Supervised, failures: int) -> int:
        """Try until it runs; the failures in a row by then."""
        while True:
            await asyncio.sleep(self._back_off.after(failures))
            began = _now()
            try:
                await process.start()
            except StackUnavailable as failure:
                failures += 1
                delay = self._back_off.after(failures)
                happening = Happening(
                    What.START_FAILED, process.name, _now() - began, reason=str(failure), next_start_in=delay
                )
                self._tell(happening)
            else:
                self._tell(Happening(What.STARTED, process.name, _now() - began))
                return failures


def _now() -> float:
    return asyncio.get_running_loop().time()
