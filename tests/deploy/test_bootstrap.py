"""From a bare Python to a running command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import bootstrap
from deploy.bootstrap import CannotStart, Place

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A clone with nothing installed."""
    (tmp_path / "uv.lock").write_text("lock")
    (tmp_path / "pyproject.toml").write_text("project")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".revstream").mkdir()
    return Place(tmp_path)


def program(folder: Path, name: str, script: str) -> Path:
    """An executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pinned uv on the path that notes its arguments."""
    folder = tmp_path / "path"
    script = f'[ "$1" = --version ] && echo "uv {bootstrap.UV_VERSION} (x)" || echo "$@" >> {folder}/calls'
    program(folder, "uv", script)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def calls(uv: Path) -> list[str]:
    return (uv / "calls").read_text().splitlines()


def test_packages_are_installed_once(place: Place, uv: Path) -> None:
    bootstrap.install(place, ())
    bootstrap.install(place, ())
    assert len(calls(uv)) == 1
    assert "sync --quiet --frozen --inexact --all-extras --no-default-groups" in calls(uv)[0]
    assert bootstrap.is_installed(place, ())


def test_tests_need_more_than_the_product_and_hold_all_of_it(place: Place, uv: Path) -> None:
    bootstrap.install(place, ())
    assert not bootstrap.is_installed(place, ("dev",))
    (place.environment / ".revstream-product").unlink()
    bootstrap.install(place, ("dev",))
    assert calls(uv)[1].endswith("--group=dev")
    assert bootstrap.is_installed(place, ())


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml"])
def test_a_changed_lock_is_installed_again(place: Place, uv: Path, name: str) -> None:
    bootstrap.install(place, ())
    (place.root / name).write_text("newer")
    assert not bootstrap.is_installed(place, ())


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("error: failed to write: No space left on device (os error 28)", "the disk .* is full: free some space"),
        ("error: Failed to fetch: `https://x/y`", "a download failed: check the network"),
        ("ERROR: No matching distribution found for uv", "a download failed: check the network"),
        ("first\n  error: strange\n\n", "installing failed: error: strange"),
        ("", "installing failed: no reason given"),
    ],
    ids=["disk full", "uv offline", "pip offline", "other", "silent"],
)
def test_a_failed_installation_is_one_sentence(place: Place, uv: Path, said: str, sentence: str) -> None:
    (uv / "said").write_text(said)
    program(
        uv, "uv", f'[ "$1" = --version ] && echo "uv {bootstrap.UV_VERSION} (x)" || {{ cat {uv}/said >&2; exit 2; }}'
    )
    with pytest.raises(CannotStart, match=sentence) as failure:
        bootstrap.install(place, ())
    assert "\n" not in str(failure.value)
    assert not bootstrap.is_installed(place, ())


def test_another_uv_is_not_used(tmp_path: Path) -> None:
    assert not bootstrap.is_pinned(str(program(tmp_path, "uv", "echo uv 0.1.0")))
    assert not bootstrap.is_pinned(str(tmp_path / "missing"))


def test_uv_trusts_what_pip_was_told_to_trust() -> None:
    assert bootstrap.with_certificates({"PIP_CERT": "/ca.pem"})["SSL_CERT_FILE"] == "/ca.pem"
    assert (
        bootstrap.with_certificates({"SSL_CERT_FILE": "/own.pem", "PIP_CERT": "/ca.pem"})["SSL_CERT_FILE"] == "/own.pem"
    )
    assert "SSL_CERT_FILE" not in bootstrap.with_certificates({})


@pytest.mark.parametrize(
    ("arguments", "becomes"),
    [
        (["test"], ["python", "-m", "pytest", *bootstrap.SIDE_BY_SIDE]),
        (["test", "-k", "x"], ["python", "-m", "pytest", "-k", "x"]),
        (["screenshots", "here"], ["python", "-m", "tests.dashboard.screenshots", "here"]),
        (["demo", "--check"], ["revstream", "demo", "--check"]),
        ([], ["revstream"]),
    ],
    ids=["test", "part of the tests", "screenshots", "demo", "nothing"],
)
def test_arguments_pass_through(place: Place, arguments: list[str], becomes: list[str]) -> None:
    program_path, *rest = bootstrap.command(place, arguments)
    assert [Path(program_path).name, *rest] == becomes


def python_that_needs(seconds: str, folder: Path) -> str:
    """A Python of our version on the path, which takes so long for the errand."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(program(folder, name, f"echo {seconds}"))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A path without any Python, and one's own that takes a second."""
    own = python_that_needs("1.0", tmp_path / "own")
    monkeypatch.setattr(bootstrap, "base_python", lambda: own)
    monkeypatch.setattr(bootstrap, "SYSTEM_FOLDERS", ())
    monkeypatch.delenv("UV_PYTHON", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "first"))
    return tmp_path / "first"


@pytest.mark.parametrize(
    ("seconds", "is_taken"),
    [("0.7", True), ("0.89", True), ("0.95", False), ("1.5", False), ("nothing at all", False), ("", False)],
    ids=["a third quicker", "clearly quicker", "hardly quicker", "slower", "broken", "silent"],
)
def test_the_environment_is_made_of_a_python_that_is_clearly_quicker(alone: Path, seconds: str, is_taken: bool) -> None:
    other = python_that_needs(seconds, alone)
    assert bootstrap.quickest_python() == (other if is_taken else bootstrap.base_python())


def test_without_another_python_it_is_ours(alone: Path) -> None:
    assert bootstrap.quickest_python() == bootstrap.base_python()


def test_a_python_that_was_named_is_taken(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python_that_needs("0.1", alone)
    monkeypatch.setenv("UV_PYTHON", "/opt/python")
    assert bootstrap.quickest_python() == "/opt/python"


def test_the_errand_is_run_by_this_very_version() -> None:
    assert 0 < bootstrap.errand_seconds(sys.executable) < 10
    assert bootstrap.errand_seconds("/bin/false") == float("inf")
    assert bootstrap.errand_seconds("/missing/python") == float("inf")


def run_with(pythons: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """`./run x` in a clone, where only these Pythons are on the path."""
    clone = tmp_path / "a clone"
    clone.mkdir()
    (clone / "run").write_text((ROOT / "run").read_text())
    folder = tmp_path / "path"
    for name, script in {"dirname": 'exec /usr/bin/dirname "$@"', **pythons}.items():
        program(folder, name, script)
    return subprocess.run(
        ["/bin/sh", str(clone / "run"), "x"], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


OLD = "echo 3.9"
NEW = 'case $1 in -c) echo 3.12;; *) echo "started $@";; esac'
BROKEN = "exit 127"


@pytest.mark.parametrize(
    ("pythons", "said"),
    [
        ({}, "Python 3.11 or newer is needed and was not found. Install it"),
        ({"python3": OLD}, "was not found. python3 is 3.9. Install it"),
        ({"python3.12": BROKEN, "python3": "echo 2.7"}, "was not found. python3 is 2.7. Install it"),
    ],
    ids=["none", "too old", "a broken one and one too old"],
)
def test_without_a_python_that_is_new_enough_one_sentence_says_so(
    tmp_path: Path, pythons: dict[str, str], said: str
) -> None:
    done = run_with(pythons, tmp_path)
    assert done.returncode == 3
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_broken_or_old_python_is_passed_over(tmp_path: Path) -> None:
    done = run_with({"python3.13": BROKEN, "python3.11": OLD, "python3": NEW}, tmp_path)
    clone = tmp_path / "a clone"
    assert done.stdout == f"started {clone}/deploy/bootstrap.py {clone} x\n"
