"""A line of the read model does again what PostgreSQL called off, and leaves a broker that does not answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import pytest

from libs.runtime.kafka import part_with
from services.api.read_model.applying import Batch
from services.api.read_model.dead_letters import DeadLetterBox
from services.api.read_model.follower import CALLED_OFF, Line
from services.api.read_model.offsets import Move, Standing
from services.api.stream.log import Logged
from tests.api.builders import delivered, signal_record

PLACE = "churn.signals", 0


@dataclass
class Writer:
    """Is called off so many times, then writes."""

    times: int
    written: list[Batch] = field(default_factory=list)

    async def write(
        self, _connection: object, batch: Batch, _moves: Sequence[Move], _standing: Standing | None
    ) -> list[Logged]:
        if self.times:
            self.times -= 1
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        self.written.append(batch)
        return []


def line(writer: Writer) -> Line:
    box = DeadLetterBox(None)  # type: ignore[arg-type]  # no letters here
    return Line(None, None, box, None, lambda _: None, writer.write)  # type: ignore[arg-type]  # neither Kafka nor rows


async def test_a_batch_that_was_called_off_is_written_at_once() -> None:
    writer = Writer(CALLED_OFF)
    await line(writer).applied({PLACE: [delivered(signal_record(), PLACE[0])]}, [], None)
    assert len(writer.written) == 1


async def test_one_that_is_called_off_again_and_again_is_told() -> None:
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await line(Writer(CALLED_OFF + 1)).applied({PLACE: [delivered(signal_record(), PLACE[0])]}, [], None)


class Stubborn:
    """A consumer whose stop waits for a broker that is gone, whoever cancels it."""

    def __init__(self) -> None:
        self.broker = asyncio.Event()
        self.asked_to_stop = False

    async def stop(self) -> None:
        self.asked_to_stop = True
        while not self.broker.is_set():
            try:
                await self.broker.wait()
            except asyncio.CancelledError:
                continue


async def test_a_consumer_that_does_not_stop_is_left() -> None:
    stubborn = Stubborn()
    async with asyncio.timeout(5):
        await part_with(stubborn, 0.01)
    assert stubborn.asked_to_stop
    stubborn.broker.set()
