"""Download the broker's jars: `python -m deploy.kafka.fetch FOLDER`.

A program of its own, so that a start can be interrupted in the middle of a download.
What arrives is checked against the digests in `jars.sha256`, which also names every jar that is needed.
"""

import errno
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from jgo.env import EnvironmentBuilder, LinkStrategy
from jgo.maven import MavenContext

from deploy.kafka.jars import DISK_FULL, KAFKA_VERSION

# Without a logger's implementation the broker's errors are not logged at all.
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
DIGESTS = Path(__file__).with_name("jars.sha256")
FAILED = 1
LONGEST_REASON = 160
RETRY_AFTER_SECONDS = (1, 3)


def wanted() -> Mapping[str, str]:
    """Each jar's name with the SHA-256 digest that it must have."""
    pairs = (line.split() for line in DIGESTS.read_text().splitlines())
    return {name: digest for digest, name in pairs}


def resolve(work: Path) -> dict[str, Path]:
    """Download everything that Kafka needs into `work`; each jar by its name."""
    context = MavenContext(repo_cache=work / "repository", timeout=30)
    builder = EnvironmentBuilder(context=context, cache_dir=work / "built", link_strategy=LinkStrategy.AUTO)
    built = Path(builder.from_endpoint(COORDINATES, main_class="kafka.Kafka").path)
    # The jars that are Java modules lie beside those that are not: both folders are needed.
    return {jar.name: jar for folder in ("jars", "modules") for jar in (built / folder).glob("*.jar")}


def resolve_patiently(work: Path) -> dict[str, Path]:
    """As `resolve`, trying again what a hiccup of the network broke off; what has arrived is kept."""
    for wait in RETRY_AFTER_SECONDS:
        try:
            return resolve(work)
        except Exception as error:  # jgo raises many kinds
            if _is_disk_full(error):
                raise
            time.sleep(wait)
    return resolve(work)


def collect(jars: Mapping[str, Path], into: Path) -> None:
    """Copy the wanted ones of `jars` to `into`, each checked.

    Raises:
        ValueError: one is missing or differs from what it must be.
    """
    for name, digest in wanted().items():
        if name not in jars:
            raise ValueError(f"{name} was not found")
        if hashlib.sha256(jars[name].read_bytes()).hexdigest() != digest:
            raise ValueError(f"{name} is not the file that was published")
        shutil.copyfile(jars[name], into / name)


def fetch(target: Path) -> None:
    """Put all jars into the folder `target`, which appears complete or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as work:
        complete = Path(work) / "complete"
        complete.mkdir()
        collect(resolve_patiently(Path(work)), complete)
        try:
            complete.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            # Someone else's download of the same was faster.


def main(argv: list[str]) -> int:
    """Fetch to the folder in `argv`; on failure one line on the error output says why."""
    try:
        fetch(Path(argv[0]))
    except Exception as error:  # noqa: BLE001 – the edge of a program: jgo raises many kinds
        print(f"{type(error).__name__}: {error}".splitlines()[0][:LONGEST_REASON], file=sys.stderr)  # noqa: T201
        return DISK_FULL if _is_disk_full(error) else FAILED
    return 0


def _is_disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
