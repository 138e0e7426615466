"""Computations that give way to others in their event loop."""

import asyncio
from collections.abc import Sequence

import pytest

from libs.runtime.turns import TURN_SECONDS, Turns


async def gave_way(parts: Sequence[float]) -> list[bool]:
    """After which of the parts, each so many turns long, somebody else got on."""
    now, turns_of_others = 100.0, 0

    async def other() -> None:
        nonlocal turns_of_others
        while True:
            turns_of_others += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    turns, found = Turns(lambda: now), []
    for part in parts:
        now += part * TURN_SECONDS
        before = turns_of_others
        await turns.give_way()
        found.append(turns_of_others > before)
    beside.cancel()
    return found


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([1.1, 1.1], [True, True]),
        ([0.4, 0.4, 0.4], [False, False, True]),
        ([1.1, 0.6, 0.6], [True, False, True]),
        ([0.4, 0.4], [False, False]),
        ([7.0, 0.4], [True, False]),
    ],
    ids=["long parts", "short parts", "a turn begins anew", "less than a turn", "one very long part"],
)
async def test_others_get_on_after_each_turn(parts: Sequence[float], expected: list[bool]) -> None:
    assert await gave_way(parts) == expected
