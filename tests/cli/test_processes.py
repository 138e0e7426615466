"""The supervisor, with real processes."""

import asyncio
import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from deploy.child import Program
from deploy.failures import StackUnavailable
from libs.cli.processes import BackOff, Happening, ServiceProcess, ServiceSettings, Supervisor, What
from tests.waiting import is_running, until

QUICK = BackOff(first=0.01, longest=0.05)
FOREVER = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


def python(folder: Path, code: str, name: str = "sleeper", **settings: float) -> ServiceProcess:
    program = Program(name, (sys.executable, "-c", code), log=folder / f"{name}.log")
    return ServiceProcess(ServiceSettings(program, **settings))  # type: ignore[arg-type]


def stubborn(folder: Path, name: str, stop_within: float) -> ServiceProcess:
    program = Program(name, (sys.executable, "-c", STUBBORN), log=folder / f"{name}.log")

    async def ready() -> bool:
        return "deaf" in program.log.read_text()

    return ServiceProcess(ServiceSettings(program, ready=ready, stop_within=stop_within))


async def test_a_dead_process_runs_again(tmp_path: Path) -> None:
    told: list[Happening] = []
    process = python(tmp_path, FOREVER)
    async with Supervisor(told.append, QUICK) as supervisor:
        await supervisor.start(process)
        first = process.pid
        process.kill()
        await until(lambda: [each.what for each in told].count(What.STARTED) == 2)
        assert process.pid not in (None, first)
    assert [each.what for each in told] == [What.STARTED, What.EXITED, What.STARTED, What.STOPPED]
    assert told[1].code == -signal.SIGKILL


async def test_a_start_that_fails_again_is_tried_on(tmp_path: Path) -> None:
    told: list[Happening] = []
    gate = tmp_path / "gate"
    gate.touch()

    async def ready() -> bool:
        return gate.exists()

    code = f"import pathlib, sys, time; pathlib.Path({str(gate)!r}).exists() or sys.exit('no gate'); time.sleep(600)"
    program = Program("gated", (sys.executable, "-c", code), log=tmp_path / "gated.log")
    process = ServiceProcess(ServiceSettings(program, ready=ready))
    async with Supervisor(told.append, QUICK) as supervisor:
        await supervisor.start(process)
        gate.unlink()
        process.kill()
        await until(lambda: [each.what for each in told].count(What.START_FAILED) >= 2)
        gate.touch()
        await until(lambda: told[-1].what is What.STARTED)
    assert "no gate" in next(each.reason for each in told if each.what is What.START_FAILED)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 0.2), (2, 0.4), (3, 0.8), (5, 3.2), (6, 4.0), (100_000, 4.0)],
    ids=["first", "second", "third", "fifth", "limit", "for hours"],
)
def test_the_wait_doubles_and_leaves_time_to_start_within_five_seconds(failures: int, seconds: float) -> None:
    assert BackOff().after(failures) == pytest.approx(seconds)


async def test_a_first_start_that_fails_says_why(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    program = Program("broken", (sys.executable, "-c", "raise SystemExit('no such topic')"), log=tmp_path / "b.log")
    async with Supervisor() as supervisor:
        with pytest.raises(StackUnavailable, match=r"broken ended with code 1 .*\n*no such topic"):
            await supervisor.start(ServiceProcess(ServiceSettings(program, ready=never)))


async def test_a_process_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    program = Program("idle", (sys.executable, "-c", FOREVER), log=tmp_path / "idle.log")
    process = ServiceProcess(ServiceSettings(program, ready=never, start_within=0.2))
    with pytest.raises(StackUnavailable, match="idle was not ready within"):
        await process.start()
    assert process.pid is None


async def test_the_last_started_stops_first(tmp_path: Path) -> None:
    told: list[Happening] = []
    async with Supervisor(told.append) as supervisor:
        for name in ("broker", "worker", "door"):
            await supervisor.start(python(tmp_path, FOREVER, name))
    assert [each.name for each in told if each.what is What.STOPPED] == ["door", "worker", "broker"]


async def test_who_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    process = stubborn(tmp_path, "deaf", stop_within=0.2)
    await process.start()
    pid = process.pid
    await process.stop()
    assert pid is not None
    assert not is_running(pid)


async def test_all_have_ended_by_the_common_deadline(tmp_path: Path) -> None:
    processes = [stubborn(tmp_path, f"deaf{number}", stop_within=60) for number in range(3)]
    supervisor = Supervisor(stop_within=0.3)
    for process in processes:
        await supervisor.start(process)
    pids = [process.pid for process in processes]
    async with asyncio.timeout(5):
        await supervisor.stop()
    assert not any(is_running(pid) for pid in pids if pid is not None)


async def test_what_a_process_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    code = f"""
        import pathlib, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", {FOREVER!r}])
        pathlib.Path({str(note)!r}).write_text(str(child.pid))
        time.sleep(600)
    """
    process = python(tmp_path, textwrap.dedent(code))
    await process.start()
    await until(lambda: note.exists() and note.read_text() != "")
    await process.stop()
    await until(lambda: not is_running(int(note.read_text())))


async def test_a_ctrl_c_at_the_terminal_reaches_only_us(tmp_path: Path) -> None:
    process = python(tmp_path, FOREVER)
    await process.start()
    assert process.pid is not None
    assert os.getsid(process.pid) != os.getsid(0)
    await process.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
async def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    script = f"""
        import asyncio, pathlib, sys
        from deploy.child import Program
        from libs.cli.processes import ServiceProcess, ServiceSettings, Supervisor

        async def main():
            async with Supervisor() as supervisor:
                log = pathlib.Path({str(tmp_path)!r}) / "log"
                program = Program("child", (sys.executable, "-c", {FOREVER!r}), log=log)
                process = ServiceProcess(ServiceSettings(program))
                await supervisor.start(process)
                print(process.pid, flush=True)
                await asyncio.sleep(600)

        asyncio.run(main())
    """
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(script), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    await parent.wait()
    await until(lambda: not is_running(child))
