"""The worker of the drill, as a process: see `main` for its arguments."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from libs.runtime.faust_batch import (
    BatchApp,
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
from tests.chaos.drill.job import PARTITIONS, apply, output_of


def compute(target: str, records: Sequence[Record], state: State) -> StageResult:
    """One output per record, and each key's chain of everything it has seen."""
    outputs: list[Output] = []
    changes: dict[bytes, bytes | None] = {}
    for record in records:
        key, value = record.key, record.value
        assert key is not None
        assert value is not None
        outputs.append((target, key, output_of(value), [("ce_type", b"drill")]))
        before = changes[key] if key in changes else state.get(key)
        after = apply(before, int(value))
        if after != before:
            changes[key] = after
    return StageResult(outputs, changes)


@asynccontextmanager
async def announced(app: BatchApp, mark: Path) -> AsyncIterator[None]:
    """Touch `mark` as soon as the worker is ready."""

    async def watch() -> None:
        await app.ready.wait()
        await asyncio.to_thread(mark.touch)

    task = asyncio.create_task(watch())
    yield
    task.cancel()


def main(group: str, brokers: str, source: str, target: str, home: Path) -> int:
    """Run until a signal. `home`: where Faust may write, and where the file `ready` appears."""
    app = batch_app(BatchSettings(group, brokers, home, PARTITIONS))
    stage(app, StageSpec("chains", source, (target,), partial(compute, target)))
    return run_worker(app, [announced(app, home / "ready")])


if __name__ == "__main__":
    group_, brokers_, source_, target_, home_ = sys.argv[1:]
    sys.exit(main(group_, brokers_, source_, target_, Path(home_)))
