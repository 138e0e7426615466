"""Why the local stack can't serve, in one sentence that a person can act on."""

import errno
import shutil
from pathlib import Path

FREE_BYTES_NEEDED = 300 * 1024 * 1024
NO_SPACE_WORDS = ("No space left on device", "not enough space", "Disk quota exceeded")


class StackUnavailable(Exception):
    """A server of the local stack can't be started or reached; `str()` is the sentence to show."""


def disk_full(place: Path) -> StackUnavailable:
    """The failure to raise when nothing more can be written to `place`."""
    return StackUnavailable(f"the disk that holds {place} is full: free some space and start again")


def from_os_error(error: OSError, doing: str, place: Path) -> StackUnavailable:
    """Turn an operating system's error while `doing` something at `place` into a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(place)
    return StackUnavailable(f"{doing} failed at {place}: {error.strerror or error}")


def prepare_folder(folder: Path) -> Path:
    """Create `folder` and check that servers have room in it.

    Raises:
        StackUnavailable: it can't be created, or its disk is nearly full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise from_os_error(error, "creating the folder", folder) from error
    if free < FREE_BYTES_NEEDED:
        raise StackUnavailable(
            f"the disk that holds {folder} has {free // 2**20} MB free, and at least "
            f"{FREE_BYTES_NEEDED // 2**20} MB are needed: free some space and start again"
        )
    return folder


def explain_exit(program: str, code: int, log: Path, log_from: int = 0) -> StackUnavailable:
    """Say why `program` ended with `code`, from what it wrote to `log` after `log_from` bytes."""
    written = read_log(log, log_from)
    if any(words in written for words in NO_SPACE_WORDS):
        return disk_full(log.parent)
    last_lines = "\n".join(written.splitlines()[-5:])
    return StackUnavailable(f"{program} ended with code {code} while starting: see {log}\n{last_lines}".rstrip())


def read_log(log: Path, log_from: int = 0) -> str:
    """What a log holds after `log_from` bytes; nothing if it was never written."""
    return log.read_bytes()[log_from:].decode(errors="replace") if log.exists() else ""
