"""What an earlier start left behind."""

import asyncio
import sys
from pathlib import Path

import pytest

from deploy.failures import StackUnavailable
from deploy.leftovers import command_line, end_orphans, only_one, stop_leftover
from tests.waiting import until


async def sleeper(mark: str, folder: Path | None = None) -> asyncio.subprocess.Process:
    """A process whose command line holds `mark`."""
    argv = (sys.executable, "-c", "import time; time.sleep(600)", mark)
    process = await asyncio.create_subprocess_exec(*argv, cwd=folder)
    # The system shows a program's command line a moment after it runs.
    await until(lambda: mark in command_line(process.pid))
    return process


def test_a_second_start_in_one_folder_is_told_who_holds_it(tmp_path: Path) -> None:
    told = pytest.raises(StackUnavailable, match=r"already runs in .* \(process \d+\): stop it")
    with only_one(tmp_path), told, only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_an_error_inside_passes_through(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), only_one(tmp_path):
        raise BrokenPipeError


async def test_our_old_process_is_ended(tmp_path: Path) -> None:
    process = await sleeper("ours-1")
    (tmp_path / "pid").write_text(str(process.pid))
    await stop_leftover(tmp_path / "pid", "ours-1")
    assert await process.wait() < 0
    assert not (tmp_path / "pid").exists()


async def test_a_stranger_with_the_old_number_is_spared(tmp_path: Path) -> None:
    process = await sleeper("a stranger")
    (tmp_path / "pid").write_text(str(process.pid))
    await stop_leftover(tmp_path / "pid", "ours-2")
    assert process.returncode is None
    process.kill()
    await process.wait()


@pytest.mark.parametrize("text", ["", "abc", "-1"], ids=["empty", "word", "negative"])
async def test_a_damaged_note_ends_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    await stop_leftover(tmp_path / "pid", "python")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_orphans_that_work_in_a_folder_are_ended(tmp_path: Path) -> None:
    orphan, stranger = await sleeper("session", tmp_path), await sleeper("shell", tmp_path)
    await end_orphans(tmp_path, mark="session")
    assert await orphan.wait() < 0
    assert command_line(stranger.pid)
    stranger.kill()
    await stranger.wait()
