"""A long query beside others, on a connection of its own that sees exactly what theirs does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from services.api.database import Connection, Database

T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]


@asynccontextmanager
async def meanwhile(
    database: Database, connection: Connection, project: str, work: Work[T]
) -> AsyncIterator[Callable[[], Awaitable[T]]]:
    """Begins `work` while the block goes on with `connection`, a look at the project's rows; gives what to await its
    result by. Where no other connection is free, the work is done on this one, as soon as the result is awaited."""
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(database.same_look(connection, project))
        if other is None:
            yield lambda: work(connection)
            return
        task = asyncio.ensure_future(work(other))
        try:
            yield lambda: task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
