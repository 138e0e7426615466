"""The job as a stage."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from libs.runtime.faust_batch import (
    BatchSettings,
    Output,
    Record,
    StageResult,
    StageSpec,
    State,
    batch_app,
    run_worker,
    stage,
)
from tests.bench.engine.job import number_of, output


def compute(target: str, records: Sequence[Record], state: State) -> StageResult:
    """One output per record; an entry moves forward only."""
    outputs: list[Output] = []
    changes: dict[bytes, bytes | None] = {}
    for record in records:
        key, value = record.key, record.value
        if key is None or value is None:
            continue
        number = number_of(value)
        outputs.append((target, key, output(number), []))
        known = changes.get(key) or state.get(key)
        if known is None or int(known) < number:
            changes[key] = b"%d" % number
    return StageResult(outputs, changes)


def main(group: str, brokers: str, source: str, target: str, partitions: int, home: Path) -> int:
    """Run until a signal."""
    app = batch_app(BatchSettings(group, brokers, home, partitions))
    stage(app, StageSpec("highest", source, (target,), partial(compute, target)))
    return run_worker(app)


if __name__ == "__main__":
    group_, brokers_, source_, target_, partitions_, home_ = sys.argv[1:]
    sys.exit(main(group_, brokers_, source_, target_, int(partitions_), Path(home_)))
