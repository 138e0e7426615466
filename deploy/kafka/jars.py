"""The folder with the broker's jars, downloaded once per user."""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.child import Child, Program
from deploy.failures import StackUnavailable, disk_full, prepare_folder, read_log

KAFKA_VERSION = "4.1.0"
DISK_FULL = 28  # exit code of the download
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE", "CURL_CA_BUNDLE")


def user_cache(env: Mapping[str, str], fallback: Path) -> Path:
    """Where this user's programs keep what can be downloaded again; `fallback` if no such place can be written."""
    home = env.get("HOME", "")
    places = [Path(env["XDG_CACHE_HOME"])] if env.get("XDG_CACHE_HOME") else []
    places += [Path(home) / ".cache"] if home else []
    for place in places:
        with contextlib.suppress(OSError):
            (place / "revstream").mkdir(parents=True, exist_ok=True)
            return place / "revstream"
    return fallback


async def kafka_jars(cache: Path, env: Mapping[str, str], tell: Callable[[str], None]) -> Path:
    """The folder with all jars, after downloading them into `cache` if need be.

    Raises:
        StackUnavailable: the download failed, or the disk is full.
    """
    target = cache / f"kafka-{KAFKA_VERSION}"
    if target.is_dir():
        return target
    tell(f"downloading Kafka {KAFKA_VERSION} (45 MB, once)")
    log = prepare_folder(cache) / f"download-{os.getpid()}.log"
    certificates = next((env[name] for name in CERTIFICATES if env.get(name)), None)
    program = Program(
        name="kafka-download",
        argv=(sys.executable, "-m", "deploy.kafka.fetch", str(target)),
        log=log,
        env={"REQUESTS_CA_BUNDLE": certificates} if certificates else {},
    )
    try:
        await _run(program, target)
    finally:
        log.unlink(missing_ok=True)
    return target


async def _run(program: Program, target: Path) -> None:
    child = await Child.start(program)
    try:
        code = await child.wait()
    finally:
        await child.stop(deadline=2)
    if code == DISK_FULL:
        raise disk_full(target.parent)
    if code != 0:
        reason = read_log(program.log).strip() or f"code {code}"
        raise StackUnavailable(
            f"downloading Kafka {KAFKA_VERSION} failed ({reason.splitlines()[-1]}): "
            "check the network and start again, or set KAFKA_BOOTSTRAP_SERVERS to a broker that runs"
        )
