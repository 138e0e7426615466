"""Python's garbage collector in a process that runs for long: what is loaded by then stays."""

import gc


def spare_the_collector() -> None:
    """Call it once when all is loaded: looks through that stop the process for tens of milliseconds, and find nothing.

    What is made later is looked through more seldom than by default: requests and records leave few cycles behind.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
