"""How soon one thread of a process gets its turn while another computes."""

import sys

# Python's own 5 ms are waited for by whoever wakes up: a fetch of records meanwhile takes three such turns, and an
# answer that asks PostgreSQL eight times waits eight times, if a thread beside it computes.
TURN_SECONDS = 0.0005


def switch_often() -> None:
    """Call it once in a service that computes in one thread and waits for others in another."""
    sys.setswitchinterval(TURN_SECONDS)
