"""Where records go. A publisher returns when the record is safe, and raises when it may not be."""

import asyncio
from typing import Protocol

from libs.wire.records import StripeRecord


class NotPublished(ConnectionError):
    """No acknowledgement came in time. The record may still be published later, which harms nothing."""


class RecordTooLarge(ValueError):
    """The record is larger than the topic takes."""


class Publisher(Protocol):
    """Puts records on `stripe.events`."""

    async def publish(self, record: StripeRecord) -> None:
        """Return once the broker has acknowledged the record. Raises NotPublished, RecordTooLarge."""
        ...

    def offer(self, record: StripeRecord) -> "asyncio.Future[None]":
        """The same for who doesn't wait: done once the broker has acknowledged it, else with NotPublished or
        TimeoutError. Raises NotPublished, RecordTooLarge."""
        ...
