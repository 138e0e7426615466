"""The webhook beside a fake Stripe that it is completed from."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from libs.fake_stripe.json_types import Json
from libs.stripe_gateway import StripeAccount, StripeRefused, open_account
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Origin, envelope, to_record
from services.ingest.catalogues import Catalogues, Scope
from services.ingest.completing import Completing
from services.ingest.refetching import Refetching
from tests.ingest.fakes import MemoryPublisher
from tests.stripe_gateway.merchants import Merchant
from tests.waiting import until

SCOPE: Scope = ("p1", "acct_1FakeStripeAccount", False)


@dataclass
class MemoryReaders:
    """Accounts by scope; refusing one closes it, as the real ones do."""

    open: dict[Scope, StripeAccount] = field(default_factory=dict)
    refusals: list[StripeRefused] = field(default_factory=list)

    def reader(self, scope: Scope) -> StripeAccount | None:
        return self.open.get(scope)

    async def refused(self, scope: Scope, refused: StripeRefused) -> bool:
        self.refusals.append(refused)
        return self.open.pop(scope, None) is not None


@dataclass
class StripeRig:
    """A merchant, its account opened, and everything that completes records."""

    merchant: Merchant
    readers: MemoryReaders
    publisher: MemoryPublisher
    completing: Completing
    refetching: Refetching

    async def snapshots(self, count: int) -> list[StripeRecord]:
        """The records published, as soon as there are so many."""
        await until(lambda: len(self.publisher.records) >= count)
        return self.publisher.records

    async def called(self) -> None:
        """Return as soon as Stripe was asked for something."""
        await until(lambda: len(self.merchant.fake.server.calls) > 0)

    async def refused(self) -> None:
        """Return as soon as Stripe refused the key."""
        await until(lambda: len(self.readers.refusals) > 0)

    def incomplete(self, event: Json) -> StripeRecord:
        """The record that a webhook of this event would publish."""
        parsed = envelope(json.dumps(event).encode())
        catalogue = self.completing.catalogues.learned(SCOPE, parsed)
        return to_record(parsed, Origin(*SCOPE), catalogue)


def shown(record: StripeRecord) -> Mapping[str, Any]:
    """The object of a record."""
    found: Mapping[str, Any] = json.loads(bytes(record.object))
    return found


@asynccontextmanager
async def stripe_rig() -> AsyncIterator[StripeRig]:
    merchant, publisher = Merchant(), MemoryPublisher()
    async with merchant.served() as api, open_account(api, "rk_test_fake") as account, asyncio.TaskGroup() as tasks:
        readers, completing = MemoryReaders({SCOPE: account}), Completing(Catalogues())
        refetching = Refetching(readers, completing, publisher, tasks)
        yield StripeRig(merchant, readers, publisher, completing, refetching)
        refetching.stop()
