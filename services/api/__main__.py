"""`python -m services.api`: the API, from its settings to its exit code."""

import sys

from libs.runtime import logs
from libs.runtime.crypto import InvalidKeys, Keyring
from libs.runtime.kafka import TopicMismatch
from libs.runtime.lifetime import run
from libs.runtime.settings import WRONG_USAGE, load_or_exit
from services.api.app import serve
from services.api.settings import ApiSettings


def main() -> int:
    """Run the API until a signal asks it to stop; gives the exit code, 2 for settings that can't work."""
    settings = load_or_exit(ApiSettings)
    logs.configure("api", settings.log_level)
    code = WRONG_USAGE
    try:
        keyring = Keyring.parse(settings.revstream_encryption_keys.get_secret_value())
        code = run(lambda stop: serve(settings, keyring, stop))
    except* (InvalidKeys, TopicMismatch, OSError) as errors:  # an OSError here: a port is taken or not ours to take
        sys.stderr.write("".join(f"api can't start: {error}\n" for error in _leaves(errors)))
    return code


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors in a group, out of all groups within it."""
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


if __name__ == "__main__":
    raise SystemExit(main())
