"""The mrr worker in a group of its own; it announces itself by a file when it is ready."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from libs.runtime import logs
from libs.runtime.faust_batch import BatchSettings, run_worker
from libs.runtime.follow import followed
from libs.wire.topics import CLIENT_DIRECTORY, PROJECT_SETTINGS
from services.mrr.app import Topology
from services.mrr.mapping import Clients
from services.mrr.policies import Policies
from services.mrr.settings import MrrSettings


class GroupSettings(MrrSettings):
    """The service's settings but for the group, and that a worker that was killed is missed sooner."""

    group: str

    def worker(self) -> BatchSettings:
        """How the Faust worker is set up."""
        return replace(super().worker(), group=self.group, session_seconds=3.0, heartbeat_seconds=0.5)


@asynccontextmanager
async def announced(topology: Topology, folder: Path) -> AsyncIterator[None]:
    """Write `ready` into the folder as soon as the worker is."""

    async def announce() -> None:
        await topology.app.ready.wait()
        (folder / "ready").touch()

    task = asyncio.create_task(announce())
    yield
    task.cancel()


def main(group: str, brokers: str, folder: Path) -> int:
    """Run until a signal."""
    logs.configure("mrr", "INFO")
    settings = GroupSettings(kafka_bootstrap_servers=brokers, revstream_home=folder, group=group)
    policies, clients = Policies(), Clients()
    topology = Topology(settings, policies, clients)
    companions = (
        followed(brokers, PROJECT_SETTINGS.name, policies.apply),
        followed(brokers, CLIENT_DIRECTORY.name, clients.apply),
        announced(topology, folder),
        topology.clock(),
    )
    return run_worker(topology.app, companions=companions)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
