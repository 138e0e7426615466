"""The records of one partition on their way: one batch is with the broker, the next one gathers meanwhile."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from libs.wire.headers import Headers
from services.ingest.publisher import NotPublished


@dataclass(frozen=True, slots=True)
class Message:
    """One record as bytes, and the future of who waits for its acknowledgement."""

    key: bytes
    value: bytes
    headers: Headers
    acknowledged: "asyncio.Future[None]"


Deliver = Callable[[Sequence[Message]], Awaitable[int]]
Depart = Callable[[], Awaitable[None]]


class Lane:
    """Hands messages to `deliver`, which sends as many of them as fit into one batch and says how many these were.
    `depart` waits for the moment to do so.

    What nobody waits for any more is dropped unless it is on its way already.
    """

    def __init__(self, deliver: Deliver, depart: Depart, tasks: asyncio.TaskGroup) -> None:
        self._deliver = deliver
        self._depart = depart
        self._tasks = tasks
        self._waiting: deque[Message] = deque()
        self._is_moving = False

    def add(self, message: Message) -> None:
        """Take a message; its future tells when it is safe, or that it may not be."""
        self._drop_given_up()
        self._waiting.append(message)
        if not self._is_moving:
            self._is_moving = True
            self._tasks.create_task(self._move())

    def _drop_given_up(self) -> None:
        while self._waiting and self._waiting[0].acknowledged.done():
            self._waiting.popleft()

    async def _move(self) -> None:
        try:
            while self._waiting:
                await self._depart()
                await self._next_batch()
        finally:
            self._is_moving = False

    async def _next_batch(self) -> None:
        wanted = [message for message in self._waiting if not message.acknowledged.done()]
        self._waiting.clear()
        if not wanted:
            return
        try:
            count = await self._deliver(wanted)
        except NotPublished as error:
            _fail(wanted, error)
            return
        for message in wanted[:count]:
            if not message.acknowledged.done():
                message.acknowledged.set_result(None)
        self._waiting.extendleft(reversed(wanted[count:]))


def _fail(messages: Sequence[Message], error: NotPublished) -> None:
    for message in messages:
        if not message.acknowledged.done():
            message.acknowledged.set_exception(NotPublished(str(error)))
