"""A worker that meets malformed records and, until the file `mended` exists in its folder, a bug."""

import sys
from collections.abc import Sequence
from pathlib import Path

from libs.runtime.faust_batch import (
    BatchSettings,
    Output,
    Record,
    StageHandle,
    StageResult,
    StageSpec,
    State,
    batch_app,
    run_worker,
    stage,
)
from tests.chaos.drill.job import PARTITIONS
from tests.chaos.drill.worker import announced, compute

BUG, MALFORMED = b"bug", b"malformed"


class Poisoned:
    """The drill's computation, and what may be wrong with records."""

    def __init__(self, target: str, dead_letters: str, mended: bool) -> None:
        self._target, self._dead_letters, self._mended = target, dead_letters, mended
        self.handle: StageHandle | None = None

    def compute(self, records: Sequence[Record], state: State) -> StageResult:
        """Raises on a record with the bug; dead-letters what is malformed; the rest as in the drill."""
        if not self._mended and any(record.value == BUG for record in records):
            raise ZeroDivisionError("the bug")
        letters: list[Output] = [
            (self._dead_letters, record.key, record.value, [("offset", b"%d" % record.offset)])
            for record in records
            if record.value == MALFORMED
        ]
        good = compute(self._target, [r for r in records if r.value not in (BUG, MALFORMED)], state)
        return StageResult([*good.outputs, *letters], good.changes)

    def recheck(self, keys: Sequence[bytes], state: State) -> StageResult:
        """Publishes what is known of the keys."""
        return StageResult([(self._target, key, b"0 known " + state[key], []) for key in keys])

    def on_recovered(self, partitions: frozenset[int]) -> None:
        """A worker that gains partitions looks at each of their entries again."""
        assert self.handle is not None
        for partition in partitions:
            self.handle.submit(self.handle.state(partition))


def main(group: str, brokers: str, source: str, targets: str, home: Path) -> int:
    """Run until a signal or the bug. `targets`: the output topic and the dead-letter topic, with a comma."""
    app = batch_app(BatchSettings(group, brokers, home, PARTITIONS))
    target, dead_letters = targets.split(",")
    job = Poisoned(target, dead_letters, (home / "mended").exists())
    spec = StageSpec("chains", source, (target, dead_letters), job.compute, job.recheck, on_recovered=job.on_recovered)
    job.handle = stage(app, spec)
    return run_worker(app, [announced(app, home / "ready")])


if __name__ == "__main__":
    group_, brokers_, source_, targets_, home_ = sys.argv[1:]
    sys.exit(main(group_, brokers_, source_, targets_, Path(home_)))
