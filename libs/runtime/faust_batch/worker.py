"""The process of a worker: start, signals, a stop with a deadline, an exit code that a supervisor understands."""

import asyncio
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import faust
import structlog
import uvloop

from libs.runtime.collector import spare_the_collector
from libs.runtime.faust_batch.app import BatchApp
from libs.runtime.switching import switch_often

STOP_SECONDS = 12.0
EXIT_CRASHED = 1
EXIT_STUCK = 70

log = structlog.get_logger(__name__)
Companion = AbstractAsyncContextManager[object]


class QuietWorker(faust.Worker):
    """Faust's worker without its hands on logging, standard output and signals."""

    def __init__(self, app: BatchApp) -> None:
        super().__init__(app, loop=asyncio.get_running_loop(), quiet=True, override_logging=False)
        self.spinner = None

    def install_signal_handlers(self) -> None:
        """None: `run_worker` has its own, with a deadline."""


def run_worker(app: BatchApp, companions: Sequence[Companion] = (), stop_seconds: float = STOP_SECONDS) -> int:
    """Run until SIGTERM, SIGINT or a crash; give the exit code for the process.

    0: stopped, and what was processed is committed. 1: crashed, restart it. 70: the stop took longer than
    `stop_seconds` (the process then ends at once). `companions` (a health server, readers of settings) are entered
    before the worker starts and left after it has stopped.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(app, companions, stop_seconds))


async def _serve(app: BatchApp, companions: Sequence[Companion], stop_seconds: float) -> int:
    app.loop = asyncio.get_running_loop()
    spare_the_collector()
    switch_often()
    app.settings.data_dir.mkdir(parents=True, exist_ok=True)  # Faust makes the last folder of the path only
    worker, deadline = QuietWorker(app), _deadline(stop_seconds)
    stopping = _stop_on_signal(worker, deadline)
    async with AsyncExitStack() as stack:
        for companion in companions:
            await stack.enter_async_context(companion)
        try:
            await worker.start()
        except Exception as error:  # the process's edge
            log.exception("worker_failed", group=app.settings.group)
            await worker.crash(error)
        if not stopping:
            deadline.start()
        await asyncio.gather(worker.stop(), *stopping)  # what a signal began must end before the loop does
    deadline.cancel()
    if worker.crash_reason is not None:
        log.error("worker_crashed", group=app.settings.group, reason=repr(worker.crash_reason))
        return EXIT_CRASHED
    log.info("worker_stopped", group=app.settings.group)
    return 0


def _stop_on_signal(worker: QuietWorker, deadline: threading.Timer) -> Sequence[asyncio.Task[None]]:
    """Stop on the first SIGTERM or SIGINT; the task that does it appears in the list that is returned."""
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop(name: str) -> None:
        if not stopping:
            log.info("worker_stopping", signal=name)
            if not deadline.is_alive():
                deadline.start()
            stopping.append(loop.create_task(worker.stop()))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)
    return stopping


def _deadline(seconds: float) -> threading.Timer:
    # A thread, because what hangs may be the loop; a broker that is away blocks the last commit.
    def leave() -> None:
        log.error("worker_stuck", seconds=seconds)
        os._exit(EXIT_STUCK)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    return timer
