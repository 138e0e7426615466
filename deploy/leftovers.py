"""What an earlier start left behind when it was killed: its lock, its processes."""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from deploy.failures import StackUnavailable, from_os_error, prepare_folder


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold `home` for this process; the system lets go of it however we end.

    Raises:
        StackUnavailable: another process holds it.
    """
    try:
        lock = _locked(prepare_folder(home) / "lock", home)
    except OSError as error:
        raise from_os_error(error, "locking the folder", home) from error
    with lock:
        yield


def _locked(file: Path, home: Path) -> IO[str]:
    # Opened for append: the holder's number must stay readable to those who come too late.
    lock = file.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        holder = file.read_text().strip() or "unknown"
        raise StackUnavailable(
            f"revstream already runs in {home} (process {holder}): "
            "stop it first, or set REVSTREAM_HOME to another folder"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def command_line(pid: int) -> str:
    """The command line of a process, empty if there is none."""
    proc = Path("/proc")
    if (proc / "self").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listing = subprocess.run(["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False)  # noqa: S607
    return listing.stdout


async def stop_leftover(pid_file: Path, mark: str, deadline: float = 10) -> None:
    """Stop the process noted in `pid_file` if it is still ours: its command line contains `mark`.

    Raises:
        StackUnavailable: it can't be ended.
    """
    pid = noted(pid_file)
    if pid is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not await _gone(pid, mark, 0):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
            await _gone(pid, mark, deadline)
    if not await _gone(pid, mark, 0):
        raise StackUnavailable(f"process {pid} of an earlier start does not end: end it with `kill -9 {pid}`")
    forget(pid_file)


async def end_orphans(folder: Path, mark: str, deadline: float = 10) -> None:
    """End at once the processes that work in `folder` with `mark` in their command line (Linux).

    A PostgreSQL session in a long query outlives its server, and bars the next start.
    """
    orphans = [pid for pid in working_in(folder) if mark in command_line(pid)]
    for pid in orphans:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    for pid in orphans:
        await _gone(pid, mark, deadline)


def working_in(folder: Path) -> list[int]:
    """The processes whose working folder this is, as far as we may know."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
    return found


def noted(pid_file: Path) -> int | None:
    """The process number in the file, if there is one."""
    text = pid_file.read_text().strip() if pid_file.exists() else ""
    return int(text) if text.isdecimal() else None


def forget(pid_file: Path) -> None:
    """Remove the note of a process that has ended."""
    pid_file.unlink(missing_ok=True)


async def _gone(pid: int, mark: str, deadline: float) -> bool:
    """Has it ended, or does so within `deadline` seconds?"""
    clock = asyncio.get_running_loop()
    until = clock.time() + deadline
    while mark in command_line(pid):
        if clock.time() >= until:
            return False
        await asyncio.sleep(0.05)
    return True
