"""Servers and services for one bench, in a folder of their own that is gone afterwards."""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.stack import Servers, StackSettings, local_stack
from libs.cli.demo_account import DemoAccount
from libs.cli.demo_project import ConnectedProject, connected_project
from libs.cli.system import SERVICES, System, SystemSettings, running_system
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.json_types import Json
from tests.bench.figures import Say

DAYS = 120
# The bound on one project's webhooks is not what is measured.
NO_LIMIT = {"WEBHOOKS_PER_SECOND": "1000000", "WEBHOOK_BURST": "1000000"}


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a bench runs: its folder and its servers."""

    home: Path
    servers: Servers

    def system(self, *services: str, environment: Mapping[str, str] = NO_LIMIT) -> AbstractAsyncContextManager[System]:
        """Some of the services (none named: all four), ready and supervised, on this bench's servers."""
        stack = StackSettings(
            self.home, kafka_bootstrap=self.servers.kafka_bootstrap, database_url=self.servers.database_url
        )
        return running_system(SystemSettings(stack, environment=environment, services=services or SERVICES))

    @asynccontextmanager
    async def connected(
        self, account: DemoAccount, name: str, *services: str
    ) -> AsyncIterator[tuple[System, ConnectedProject]]:
        """The same with the project `name` connected to a fake account."""
        async with account.fake.serve() as stripe:
            addresses = {"STRIPE_API_BASE": stripe, "STRIPE_CONNECT_BASE": stripe}
            async with (
                self.system(*services, environment={**NO_LIMIT, **addresses}) as system,
                connected_project(system, name, account.fake) as project,
            ):
                yield system, project


@asynccontextmanager
async def bench(home: Path, say: Say) -> AsyncIterator[Bench]:
    """Kafka and PostgreSQL as a product's own stack starts them, for the length of a block."""
    async with local_stack(StackSettings(home, tell=say)) as servers:
        yield Bench(home, servers)


async def lived(events: int, customers: int, seed: int = 11) -> tuple[DemoAccount, list[Json]]:
    """An account with a past of so many events, and these. From now on this process collects no cycles."""
    account = DemoAccount(seed, customers, DAYS)
    spec = HistorySpec(seed=seed, customers=customers, events=events)
    await asyncio.to_thread(play, account.fake.engine, spec)
    past = account.news()
    account.catch_up()
    account.news()
    # A look through a million objects takes a second, in which this process would see nothing.
    gc.collect()
    gc.freeze()
    gc.disable()
    return account, past
