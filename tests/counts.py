"""How many examples a property test tries."""

from hypothesis import settings


def examples(ci: int, full: int) -> int:
    """`ci` in an ordinary run, `full` with `--full`; for `@settings(max_examples=examples(1000, 50_000))`."""
    return full if settings.get_current_profile_name() == "full" else ci
