"""`python -m services.ingest`: the public edge, from its settings to its exit code."""

import sys

from libs.runtime import logs
from libs.runtime.crypto import InvalidKeys, Keyring
from libs.runtime.kafka import TopicMismatch
from libs.runtime.lifetime import run
from libs.runtime.settings import WRONG_USAGE, load_or_exit
from services.ingest.app import serve
from services.ingest.settings import IngestSettings


def main() -> int:
    """Run ingest until a signal asks it to stop; gives the exit code, 2 for settings that can't work."""
    settings = load_or_exit(IngestSettings)
    logs.configure("ingest", settings.log_level)
    code = WRONG_USAGE
    try:
        keys = Keyring.parse(settings.revstream_encryption_keys.get_secret_value())
        code = run(lambda stop: serve(settings, keys, stop))
    except* (InvalidKeys, TopicMismatch, OSError) as errors:  # an OSError here: a port is taken or not ours to take
        sys.stderr.write("".join(f"ingest can't start: {error}\n" for error in leaves(errors)))
    return code


def leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors in a group, out of all groups within it."""
    return [
        leaf
        for error in group.exceptions
        for leaf in (leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


if __name__ == "__main__":
    raise SystemExit(main())
