"""Computations that give way to others in their event loop."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from libs.runtime.turns import TURN_SECONDS, in_turns


async def gave_way(parts: Sequence[float]) -> list[bool]:
    """After which of the parts, each so many turns long, somebody else got on."""
    now, turns_of_others = 100.0, 0

    async def other() -> None:
        nonlocal turns_of_others
        while True:
            turns_of_others += 1
            await asyncio.sleep(0)

    def clock() -> float:
        return now

    beside = asyncio.create_task(other())
    seen = []
    async for part in in_turns(parts, clock):
        seen.append(turns_of_others)
        now += part * TURN_SECONDS
    seen.append(turns_of_others)
    beside.cancel()
    return [after > before for before, after in pairwise(seen)]


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
