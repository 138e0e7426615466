"""`python -m services.api`: the API, from its settings to its exit code."""

import resource
import sys

from libs.runtime import logs
from libs.runtime.crypto import InvalidKeys, Keyring
from libs.runtime.kafka import TopicMismatch
from libs.runtime.lifetime import run
from libs.runtime.settings import WRONG_USAGE, load_or_exit
from services.api.app import serve
from services.api.settings import ApiSettings

MOST_OPEN_FILES = 16_384


def main() -> int:
    """Run the API until a signal asks it to stop; gives the exit code, 2 for settings that can't work."""
    settings = load_or_exit(ApiSettings)
    logs.configure("api", settings.log_level)
    _allow_open_files(MOST_OPEN_FILES)
    code = WRONG_USAGE
    try:
        keyring = Keyring.parse(settings.revstream_encryption_keys.get_secret_value())
        code = run(lambda stop: serve(settings, keyring, stop))
    except* (InvalidKeys, TopicMismatch, OSError) as errors:  # an OSError here: a port is taken or not ours to take
        sys.stderr.write("".join(f"api can't start: {error}\n" for error in _leaves(errors)))
    return code


def _allow_open_files(most: int) -> None:
    """Each listener of the live stream is one: many systems begin with 1,024, and give more to who asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors in a group, out of all groups within it."""
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


if __name__ == "__main__":
    raise SystemExit(main())
