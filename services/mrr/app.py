"""The topology: `stripe.events` → customers → `client.activity` → clients → `revenue.clients`, `revenue.movements`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from libs.runtime.faust_batch import BatchApp, StageHandle, StageSpec, batch_app, stage
from libs.runtime.too_large import told_and_left_out
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS, REVENUE_MOVEMENTS, STRIPE_EVENTS
from services.mrr.clients import ClientStage
from services.mrr.customers import CustomerStage
from services.mrr.mapping import Clients
from services.mrr.policies import Policies
from services.mrr.settings import MrrSettings
from services.mrr.waking import Waking

TICK_SECONDS = 0.5
# Signals wait for the customers' stage, figures for the clients': what comes of many customers within so short a time
# goes on together, and the broker and both workers have fewer requests to make.
UNHURRIED_SECONDS = 0.025


class Topology:
    """Both stages on one Faust app, and what wakes their entries without a record."""

    def __init__(self, settings: MrrSettings, policies: Policies, clients: Clients) -> None:
        self.app: BatchApp = batch_app(settings.worker())
        by_customer = CustomerStage(policies, clients, _now, settings.topology_epoch)
        by_client = ClientStage(policies, _now, settings.topology_epoch)
        self._waking = Waking(by_customer, by_client, policies, clients)
        self._customers: StageHandle = stage(
            self.app,
            StageSpec(
                name="customers",
                source=STRIPE_EVENTS.name,
                targets=(CLIENT_ACTIVITY.name, STRIPE_EVENTS.dead_letters),
                compute=by_customer.compute,
                recheck=by_customer.recheck,
                on_recovered=lambda partitions: self._waking.customers_gained(self._customers, partitions),
                on_revoked=lambda _: self._waking.customers_counted(self._customers),
                on_too_large=told_and_left_out,
            ),
        )
        self._clients: StageHandle = stage(
            self.app,
            StageSpec(
                name="clients",
                source=CLIENT_ACTIVITY.name,
                targets=(REVENUE_CLIENTS.name, REVENUE_MOVEMENTS.name, CLIENT_ACTIVITY.dead_letters),
                compute=by_client.compute,
                recheck=by_client.recheck,
                on_recovered=lambda partitions: self._waking.clients_gained(self._clients, partitions),
                on_too_large=told_and_left_out,
                gather_seconds=UNHURRIED_SECONDS,
            ),
        )
        self._waking.follow(self._customers, self._clients)

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
                self._waking.tick(int(_now().timestamp()))


def _now() -> datetime:
    return datetime.now(UTC)
