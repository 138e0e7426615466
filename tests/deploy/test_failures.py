"""Each way in which the stack can't start is one sentence."""

import errno
from pathlib import Path

import pytest

from deploy import failures
from deploy.failures import StackUnavailable


def test_a_full_disk_is_called_that(tmp_path: Path) -> None:
    error = failures.from_os_error(OSError(errno.ENOSPC, "No space left on device"), "writing", tmp_path)
    assert str(error) == f"the disk that holds {tmp_path} is full: free some space and start again"


def test_another_error_says_what_was_done_and_where(tmp_path: Path) -> None:
    error = failures.from_os_error(PermissionError(errno.EACCES, "Permission denied"), "creating the folder", tmp_path)
    assert str(error) == f"creating the folder failed at {tmp_path}: Permission denied"


def test_a_nearly_full_disk_is_found_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "FREE_BYTES_NEEDED", 2**62)
    with pytest.raises(StackUnavailable, match=r"has \d+ MB free, and at least \d+ MB are needed: free some space"):
        failures.prepare_folder(tmp_path / "new")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("java.io.IOException: No space left on device\n", "the disk that holds .* is full"),
        ("FATAL: bad setting\n", "Kafka ended with code 1 while starting: see .*\n*FATAL: bad setting"),
        ("", "Kafka ended with code 1 while starting: see"),
    ],
    ids=["disk full", "its own words", "silent"],
)
def test_why_a_server_ended_comes_from_its_log(tmp_path: Path, written: str, sentence: str) -> None:
    log = tmp_path / "kafka.log"
    log.write_text(f"older: No space left on device\n{written}")
    failure = failures.explain_exit("Kafka", 1, log, log_from=len("older: No space left on device\n"))
    with pytest.raises(StackUnavailable, match=sentence):
        raise failure
