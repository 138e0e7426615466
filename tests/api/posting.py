"""Deliveries under a clock of the test's own: endpoints through the API, the courier by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.api.database import Database
from services.api.deliveries.courier import Carrying, Courier
from services.api.deliveries.egress import Egress
from services.api.deliveries.sending import http_sender
from tests.api.builders import signal_delivery, signal_record
from tests.api.calling import Answer, Api
from tests.api.receiving import Receiver, receiver

ENDPOINTS = "/api/webhook-endpoints"
ATTEMPT_SECONDS = 0.4
UNSAFE = Egress(unsafe=True)
NEXT = "SELECT min(next_attempt_at) FROM deliveries WHERE state = 'pending'"


@dataclass
class Post:
    """A project with a receiver; `now` is what the courier's clock says."""

    api: Api
    database: Database
    receiver: Receiver
    courier: Courier
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def endpoint(self, path: str = "/hook", **fields: Any) -> Answer:
        """A new endpoint at the receiver."""
        made = await self.api.post(ENDPOINTS, {"url": f"{self.receiver.url}{path}", **fields})
        assert made.status == 201, made.content
        return made

    async def happens(self, signal: str, client: str = "acme", **fields: Any) -> None:
        """A signal changes, and the read model learns of it."""
        record = signal_record(signal, client=client, **fields)
        shift = datetime.now(UTC) - record.opened_at
        moved = msgspec.structs.replace(
            record, opened_at=record.opened_at + shift, updated_at=record.updated_at + shift
        )
        await self.api.holds(signal_delivery(moved))

    async def go(self) -> None:
        """Everything that is due now comes to something."""
        await self.courier.go()
        await self.courier.settled()

    async def passes(self, **span: float) -> None:
        """Time passes; whatever becomes due in it is tried when it does."""
        await self.go()
        until = self.now + timedelta(**span)
        while (due := await self.next_due()) is not None and due <= until:
            self.now = max(due, self.now)
            await self.go()
        self.now = until

    async def next_due(self) -> datetime | None:
        due: datetime | None = await self.value(NEXT)
        return due

    async def value(self, query: str, *arguments: object) -> Any:
        """One value out of the database."""
        async with self.database.every_project() as connection:
            return await connection.fetchval(query, *arguments)

    async def log(self, endpoint: str, query: str = "") -> list[Any]:
        """The endpoint's deliveries, oldest first."""
        answer = await self.api.get(f"{ENDPOINTS}/{endpoint}/deliveries{query}")
        assert answer.status == 200, answer.content
        return list(reversed(answer.field("data")))


@asynccontextmanager
async def post(api: Api, database: Database, egress: Egress) -> AsyncIterator[Post]:
    """Deliveries to a receiver of this machine."""
    async with receiver() as there, http_sender(egress, ATTEMPT_SECONDS) as sender:
        by = Carrying(database, sender, api.parts.keyring, clock=lambda: found.now, luck=lambda: 0.5)
        found = Post(api, database, there, Courier(by))
        yield found
        await found.courier.stop()
