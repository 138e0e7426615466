"""Programs tied to the one that starts them."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.child import TETHER, Child, Program


async def output_of(program: Program) -> str:
    child = await Child.start(program)
    assert await child.wait() == 0
    return program.log.read_text()


async def test_a_program_has_its_environment_and_folder(tmp_path: Path) -> None:
    code = "import os; print(os.environ['WORD'], os.getcwd())"
    argv = (sys.executable, "-c", code)
    said = await output_of(Program("x", argv, tmp_path / "log", env={"WORD": "hello"}, folder=tmp_path))
    assert said == f"hello {tmp_path}\n"


async def test_output_is_appended_and_a_large_log_is_turned_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program("x", ("/bin/sh", "-c", "echo one"), tmp_path / "x.log")
    await output_of(program)
    assert await output_of(program) == "one\none\n"
    monkeypatch.setattr("deploy.child.LOG_LIMIT_BYTES", 1)
    assert await output_of(program) == "one\n"
    assert (tmp_path / "x.old.log").read_text() == "one\none\n"


def script_of_root(folder: Path) -> str:
    """A program that nobody but root could reach."""
    folder.chmod(0o700)
    script = folder / "who"
    script.write_text("#!/bin/sh\nid -u\n")
    script.chmod(0o755)
    return str(script)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root, on Linux")
async def test_root_can_run_a_program_as_another_user_in_a_folder_of_its_own(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    script = script_of_root(tmp_path)
    assert await output_of(Program("x", (script,), tmp_path / "log", user=nobody)) == f"{nobody}\n"


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root, on Linux")
async def test_that_program_finds_others_in_the_folder_too(tmp_path: Path) -> None:
    """PostgreSQL's programs ask by `access()` whether they may run one another."""
    script = script_of_root(tmp_path)
    argv = (sys.executable, "-c", f"import os; print(os.access({script!r}, os.X_OK))")
    said = await output_of(Program("x", argv, tmp_path / "log", user=pwd.getpwnam("nobody").pw_uid))
    assert said == "True\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_program_whose_starter_is_gone_never_runs() -> None:
    stranger = "1"
    tether = [sys.executable, "-I", "-S", str(TETHER), stranger, "9", "-1", "/bin/echo", "ran"]
    done = subprocess.run(tether, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
