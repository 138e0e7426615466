"""Which stage of a worker computes first."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from libs.runtime.faust_batch import BatchSettings, Record, StageResult, StageSpec, State, batch_app, precedence, stage
from libs.runtime.faust_batch.precedence import Precedence
from tests.runtime.faust_batch_fakes import FakeProducer, record
from tests.runtime.test_faust_batch_stage import Member

SPEC = StageSpec("waited-for", "in", (), lambda _records, _state: StageResult())


def noting(done: list[str], name: str) -> Callable[[Sequence[Record], State], StageResult]:
    """A computation that says which partition's turn it was."""

    def compute(records: Sequence[Record], _state: State) -> StageResult:
        done.append(f"{name} {records[0].partition}")
        return StageResult()

    return compute


async def goes_on_at_once(one: Precedence) -> bool:
    """Whether who gives way now need not wait."""
    asking = asyncio.create_task(one.give_way())
    await asyncio.sleep(0)
    is_over = asking.done()
    asking.cancel()
    return is_over


async def test_who_is_waited_for_computes_all_its_parts_first(tmp_path: Path) -> None:
    app = batch_app(BatchSettings("group", "127.0.0.1:1", tmp_path, partitions=3))
    app.producer, app.consumer = FakeProducer(), Member()
    done: list[str] = []
    first = stage(app, replace(SPEC, compute=noting(done, "first")))
    later = stage(app, replace(SPEC, name="later", source="other", compute=noting(done, "later"), gather_seconds=0.01))
    batches = {number: [record(1, b"a", b"1", number)] for number in range(3)}
    await asyncio.gather(first._records_round(batches), later._records_round(batches))
    assert done == [f"{name} {number}" for name in ("first", "later") for number in range(3)]


async def test_nobody_waits_while_nobody_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "PATIENCE_SECONDS", 1e9)
    one = Precedence()
    assert await goes_on_at_once(one)
    with one.first():
        assert not await goes_on_at_once(one)
    assert await goes_on_at_once(one)


async def test_the_last_of_those_that_go_first_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "PATIENCE_SECONDS", 1e9)
    one = Precedence()
    with one.first():
        with one.first():
            waiting = asyncio.create_task(one.give_way())
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


async def test_an_error_of_who_went_first_ends_the_wait_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "PATIENCE_SECONDS", 1e9)
    one = Precedence()
    with pytest.raises(ValueError, match="a bug"), one.first():
        raise ValueError("a bug")
    assert await goes_on_at_once(one)


async def test_nobody_is_put_off_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "PATIENCE_SECONDS", 0.001)
    one = Precedence()
    with one.first():
        assert not await goes_on_at_once(one)
        async with asyncio.timeout(5):
            await one.give_way()
        assert not await goes_on_at_once(one)  # they were still computing
