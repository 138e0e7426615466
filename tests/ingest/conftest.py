from collections.abc import AsyncIterator

import pytest

from tests.ingest.rig import Edge, running_edge


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    """The public edge over fakes with the usual limits."""
    async with running_edge() as running:
        yield running
