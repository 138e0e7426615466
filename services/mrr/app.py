"""The topology: `stripe.events` → customers → `client.activity` → clients → `revenue.clients`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from libs.runtime.faust_batch import BatchApp, StageHandle, StageSpec, batch_app, stage
from libs.runtime.too_large import told_and_left_out
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS, STRIPE_EVENTS
from services.mrr.clients import ClientStage
from services.mrr.customer_entry import settings_of
from services.mrr.customers import CustomerStage
from services.mrr.policies import Policies
from services.mrr.settings import MrrSettings

TICK_SECONDS = 0.5


class Topology:
    """Both stages on one Faust app, and what wakes entries without a record: the clock and a changed policy."""

    def __init__(self, settings: MrrSettings, policies: Policies) -> None:
        self.app: BatchApp = batch_app(settings.worker())
        self._policies = policies
        self._customers = CustomerStage(policies, _now, settings.topology_epoch)
        clients = ClientStage(policies, settings.topology_epoch)
        self._by_customer: StageHandle = stage(
            self.app,
            StageSpec(
                name="customers",
                source=STRIPE_EVENTS.name,
                targets=(CLIENT_ACTIVITY.name, STRIPE_EVENTS.dead_letters),
                compute=self._customers.compute,
                recheck=self._customers.recheck,
                on_recovered=self._recovered,
                on_revoked=self._revoked,
                on_too_large=told_and_left_out,
            ),
        )
        stage(
            self.app,
            StageSpec(
                name="clients",
                source=CLIENT_ACTIVITY.name,
                targets=(REVENUE_CLIENTS.name, CLIENT_ACTIVITY.dead_letters),
                compute=clients.compute,
                on_too_large=told_and_left_out,
            ),
        )
        policies.on_change = self._policy_changed

    @asynccontextmanager
    async def clock(self) -> AsyncIterator[None]:
        """While the block runs, entries whose time has come are evaluated again."""
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self.app.is_ready:
                self._by_customer.submit(self._customers.due.due(int(_now().timestamp())))

    def _recovered(self, partitions: frozenset[int]) -> None:
        """Entries that another worker wrote, perhaps under another policy: plan their changes, recheck the outdated."""
        for partition in partitions:
            entries = self._by_customer.state(partition)
            self._customers.due.plan_all(entries)
            self._by_customer.submit(key for key, data in entries.items() if self._outdated(key, data))

        self._count_incomplete()

    def _revoked(self, _partitions: frozenset[int]) -> None:
        self._count_incomplete()

    def _count_incomplete(self) -> None:
        handle = self._by_customer
        self._customers.incomplete.recount(handle.state(partition) for partition in handle.partitions)

    def _outdated(self, key: bytes, data: bytes) -> bool:
        return settings_of(data) != self._policies.of(key.partition(b"/")[0].decode()).version

    def _policy_changed(self, project: str) -> None:
        prefix = f"{project}/".encode()
        for partition in self._by_customer.partitions:
            keys = [key for key in self._by_customer.state(partition) if key.startswith(prefix)]
            self._by_customer.submit(keys)


def _now() -> datetime:
    return datetime.now(UTC)
