"""Carries what is due: one task per endpoint, a few deliveries of different clients at a time."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from prometheus_client import Counter

from libs.runtime.crypto import CannotDecrypt, Keyring
from libs.runtime.postgres import UNREACHABLE
from services.api.database import Database
from services.api.deliveries import results
from services.api.deliveries.results import Due, Result, Target
from services.api.deliveries.schedule import next_attempt
from services.api.deliveries.sending import Message, Outcome, Sender
from services.api.deliveries.signing import USER_AGENT, signed_headers
from services.api.deliveries.spreading import spread

AT_ONCE = 8
MOST_AGE = timedelta(days=3)

Place = tuple[str, str]
logger = structlog.get_logger(__name__)
attempts = Counter("revstream_api_delivery_attempts", "Attempts to deliver to endpoints", ["result"])


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Carrying:
    """What the courier works with."""

    database: Database
    sender: Sender
    keyring: Keyring
    most_age: timedelta = MOST_AGE
    clock: Callable[[], datetime] = utc_now
    luck: Callable[[], float] = random.random


@dataclass(slots=True)
class Courier:
    """Makes deliveries of the log's changes and carries them; all it knows is in PostgreSQL."""

    by: Carrying
    _lanes: dict[Place, asyncio.Task[None]] = field(default_factory=dict)
    _fault: BaseException | None = None

    async def go(self) -> None:
        """Start on everything that is due now. Raises one of UNREACHABLE, and what was a bug in a lane."""
        self._raise_fault()
        now = self.by.clock()
        await spread(self.by.database, now, self.by.most_age)
        async with self.by.database.every_project() as connection:
            places = await results.due_endpoints(connection, now)
        for place in places:
            if place not in self._lanes:
                task = self._lanes[place] = asyncio.create_task(self._carry(place))
                task.add_done_callback(partial(self._ended, place))

    async def settled(self) -> None:
        """Return when every delivery under way has come to something."""
        while self._lanes:
            await asyncio.wait(list(self._lanes.values()))
            await asyncio.sleep(0)  # `_ended` is called then
        self._raise_fault()

    async def stop(self) -> None:
        """Leave what is under way: its rows say that it is still due."""
        tasks = list(self._lanes.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _ended(self, place: Place, task: asyncio.Task[None]) -> None:
        del self._lanes[place]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fault = error

    async def _carry(self, place: Place) -> None:
        """Everything due at one endpoint, until nothing is."""
        try:
            while await self._carry_some(place):
                pass
        except UNREACHABLE as error:
            logger.warning("deliveries_interrupted", endpoint=place[1], reason=repr(error))

    async def _carry_some(self, place: Place) -> bool:
        now = self.by.clock()
        async with self.by.database.every_project() as connection:
            found = await results.due(connection, place, now, AT_ONCE)
            target = await results.target(connection, place, now) if found else None
        if target is None:
            return False
        ended = await asyncio.gather(*(self._attempt(target, each) for each in found), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error
        return True

    async def _attempt(self, target: Target, delivery: Due) -> None:
        at = self.by.clock()
        outcome = await self._sent(target, delivery, at)
        attempts.labels("delivered" if outcome.is_delivered else "failed").inc()
        now = self.by.clock()
        again = None if outcome.is_delivered else next_attempt(delivery.attempts + 1, now, self.by.luck())
        place = target.project, target.endpoint
        async with self.by.database.every_project() as connection:
            await results.store(connection, place, Result(delivery, outcome, now, again))
        logger.info("delivery_attempted", project=place[0], endpoint=place[1], delivery=delivery.id,
                    status=outcome.status, error=outcome.error)  # fmt: skip

    async def _sent(self, target: Target, delivery: Due, at: datetime) -> Outcome:
        try:
            url, secrets = target.opened(self.by.keyring)
        except CannotDecrypt as error:
            logger.error("endpoint_not_readable", endpoint=target.endpoint, reason=str(error))
            return Outcome(0, error="its address or secret can't be read: rotate the secret, set the url again")
        if target.kind == "slack":
            headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        else:
            headers = dict(signed_headers(delivery.change_id, at, delivery.body, secrets))
        return await self.by.sender.send(Message(url, headers, delivery.body))
