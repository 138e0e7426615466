"""From a bare Python to a running command: `python bootstrap.py ROOT test|bench|… [arguments]`.

Finds or installs uv in a folder of its own, installs what `uv.lock` names (only when that changed), and becomes
the command. Standard library only, and nothing of ours: no package is installed yet.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

UV_VERSION = "0.13.9"
UNAVAILABLE = 3
NEARLY_FULL_BYTES = 8 * 2**20
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# What an interpreter spends its time on in the services: calls, attributes, small objects. Prints its best seconds. One
# that lacks a part of the standard library (some systems ship such) fails at the import.
ERRAND = """
import asyncio, ctypes, decimal, ssl, time, zoneinfo
class Row:
    __slots__ = ("number", "name")
    def __init__(self, number, name):
        self.number, self.name = number, name
def errand():
    began = time.process_time()
    rows = {}
    for number in range(20_000):
        row = Row(number, str(number))
        rows[row.name] = row
    sorted(rows, key=lambda name: rows[name].number % 7)
    return time.process_time() - began
print(min(errand() for _ in range(8)))
"""
CLEARLY = 0.9
SYSTEM_FOLDERS = ("/usr/local/bin", "/usr/bin")
# Groups beside all extras: what a command needs more than the product does.
GROUPS = {"test": ("dev",), "screenshots": ("dev",), "quick-start": ("dev",), "bench": ("dev", "bench")}
# All tests: what shares a server in one process, the rest beside it. With arguments of your own, in one process.
SIDE_BY_SIDE = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadgroup", "--durations=30", "--durations-min=2")


class CannotStart(Exception):
    """Nothing can be run; `str()` is the sentence to show."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one clone."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / ".revstream"

    @property
    def tools(self) -> Path:
        return self.state / "tools"

    @property
    def environment(self) -> Path:
        return self.root / ".venv"

    @property
    def log(self) -> Path:
        return self.state / "install.log"


def stamp(place: Path, groups: Sequence[str]) -> Path:
    """The file that holds the digest of what was installed for these groups."""
    return place / f".revstream-{'-'.join(groups) or 'product'}"


def digest(root: Path) -> str:
    """Changes when other packages are to be installed, or the clone was moved."""
    whole = hashlib.sha256(str(root).encode())
    for name in ("uv.lock", "pyproject.toml"):
        whole.update((root / name).read_bytes())
    return whole.hexdigest()


def is_installed(place: Place, groups: Sequence[str]) -> bool:
    """Was exactly this installed before? What `test` installs contains what the product needs."""
    wanted = digest(place.root)
    marks = {stamp(place.environment, groups), *([] if groups else [stamp(place.environment, ("dev",))])}
    return any(mark.exists() and mark.read_text() == wanted for mark in marks)


def install(place: Place, groups: Sequence[str]) -> None:
    """Install what the lock names; two starts at once take turns.

    Raises:
        CannotStart: uv or a package can't be had, or the disk is full.
    """
    place.state.mkdir(exist_ok=True)
    with (place.state / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(place, groups):
            return
        uv = find_uv(place)
        say("installing packages (once; a minute or two)")
        environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(place.environment), "UV_PYTHON_DOWNLOADS": "never"}
        # Inexact: what `test` needs stays when the product is started next.
        sync = [uv, "sync", "--quiet", "--frozen", "--inexact", "--all-extras", "--no-default-groups"]
        sync += ["--project", str(place.root), "--python", quickest_python()]
        sync += [f"--group={group}" for group in groups]
        run(sync, environment, place.log)
        stamp(place.environment, groups).write_text(digest(place.root))


def find_uv(place: Place) -> str:
    """The pinned uv: the one on the path, ours from an earlier start, or a new one.

    Raises:
        CannotStart: it can't be installed.
    """
    own = (place.tools / "bin" / "uv", place.tools / "packages" / "bin" / "uv")
    for candidate in (shutil.which("uv"), *map(str, own)):
        if candidate and is_pinned(candidate):
            return candidate
    say(f"installing uv {UV_VERSION} into {place.tools}")
    wanted = f"uv=={UV_VERSION}"
    shutil.rmtree(place.tools, ignore_errors=True)
    if has("venv") and has("ensurepip"):
        run([base_python(), "-m", "venv", str(place.tools)], os.environ, place.log)
        run([str(place.tools / "bin" / "python"), "-m", "pip", "install", "-q", wanted], os.environ, place.log)
        return str(own[0])
    if has("pip"):
        target = str(place.tools / "packages")
        run([base_python(), "-m", "pip", "install", "-q", "--target", target, wanted], os.environ, place.log)
        return str(own[1])
    raise CannotStart(
        f"{base_python()} has neither venv nor pip: install your system's python3-venv package, "
        f"or uv {UV_VERSION}, and start again"
    )


def is_pinned(uv: str) -> bool:
    """Is this program the uv that wrote the lock?"""
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.split()[:2] == ["uv", UV_VERSION]


def has(module: str) -> bool:
    """Does the Python below any virtual environment have this module?"""
    tried = subprocess.run([base_python(), "-c", f"import {module}"], capture_output=True, check=False)
    return tried.returncode == 0


def base_python() -> str:
    """The interpreter itself, also where we run in the environment that it made."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def quickest_python() -> str:
    """Which Python the environment is made of: the one that `UV_PYTHON` names, else ours, else another of the same
    version that is clearly quicker. What is built without profiling (as pyenv does) takes a third longer for the same.
    """
    named = os.environ.get("UV_PYTHON")
    if named:
        return named
    base = base_python()
    found = others(base)
    if not found:
        return base
    seconds = {python: errand_seconds(python) for python in (base, *found)}
    best = min(seconds, key=seconds.__getitem__)
    return best if seconds[best] < CLEARLY * seconds[base] else base


def others(base: str) -> Sequence[str]:
    """More Pythons of our own minor version: those on the path, and the system's."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folders = [*os.environ.get("PATH", "").split(os.pathsep), *SYSTEM_FOLDERS]
    found = [str(file) for folder in folders if folder and os.access(file := Path(folder) / name, os.X_OK)]
    distinct = {os.path.realpath(python): python for python in reversed(found)}
    distinct.pop(os.path.realpath(base), None)
    return list(distinct.values())


def errand_seconds(python: str) -> float:
    """How long this one needs for a small errand; for ever if it does not run, or is another version than we are."""
    same = f"import sys; assert sys.version_info[:2] == {tuple(sys.version_info[:2])}\n"
    command = [python, "-I", "-S", "-c", same + ERRAND]
    try:
        return float(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    except (OSError, ValueError):
        return float("inf")


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Run one step of the installation.

    Raises:
        CannotStart: it failed.
    """
    done = subprocess.run(
        command, env=with_certificates(environment), capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        output = done.stdout + done.stderr
        with contextlib.suppress(OSError):  # the disk may be full
            log.write_text(output)
        raise CannotStart(why(output, log))


def with_certificates(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Let uv trust what pip was told to trust."""
    bundle = next((environment[name] for name in CERTIFICATES if environment.get(name)), None)
    return {**environment, "SSL_CERT_FILE": bundle} if bundle else environment


def why(output: str, log: Path) -> str:
    """One sentence for a person, from what pip or uv wrote."""
    low = output.lower()
    if "no space left" in low or "disk quota" in low or shutil.disk_usage(log.parent).free < NEARLY_FULL_BYTES:
        return f"the disk that holds {log.parent} or uv's cache is full: free some space and start again"
    network = ("failed to fetch", "error sending request", "connection", "dns", "timed out", "no matching distribution")
    if any(word in low for word in network):
        return f"a download failed: check the network and start again (details: {log})"
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "no reason given")
    return f"installing failed: {last} (details: {log})"


def command(place: Place, arguments: Sequence[str]) -> list[str]:
    """What to become."""
    programs = place.environment / "bin"
    if arguments[:1] == ["test"]:
        return [str(programs / "python"), "-m", "pytest", *(arguments[1:] or SIDE_BY_SIDE)]
    if arguments[:1] == ["screenshots"]:
        return [str(programs / "python"), "-m", "tests.dashboard.screenshots", *arguments[1:]]
    if arguments[:1] == ["quick-start"]:
        return [str(programs / "python"), "-m", "tests.dashboard.quick_start"]
    return [str(programs / "revstream"), *arguments]


def say(text: str) -> None:
    """One line for the person who waits; the output belongs to the command."""
    print(f"revstream: {text}", file=sys.stderr, flush=True)  # noqa: T201


def main(argv: Sequence[str]) -> int:
    """Install what is missing and become the command; returns only if that is impossible."""
    place, arguments = Place(Path(argv[0])), list(argv[1:])
    groups = GROUPS.get(arguments[0], ()) if arguments else ()
    try:
        if not is_installed(place, groups):
            install(place, groups)
        if groups == GROUPS["test"]:
            os.chdir(place.root)
        os.environ.setdefault("REVSTREAM_HOME", str(place.state))
        become = command(place, arguments)
        os.execv(become[0], become)  # noqa: S606 – signals must reach the command itself
    except CannotStart as failure:
        say(str(failure))
    except OSError as failure:
        full = failure.errno in (errno.ENOSPC, errno.EDQUOT)
        say(f"the disk that holds {place.root} is full: free some space" if full else f"can't start: {failure}")
    except KeyboardInterrupt:
        say("interrupted")
    return UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
