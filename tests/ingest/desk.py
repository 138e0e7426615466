"""A project in PostgreSQL with a connected account, as the API leaves it for ingest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from deploy.migrations import upgrade
from libs.runtime.crypto import Keyring, credential_place, generate_key
from libs.runtime.postgres import pool
from services.ingest.stripe_side import Store
from tests.ingest.stripe_rig import SCOPE

KEY = "rk_test_fake"
ADD = """
INSERT INTO connections (project, id, account, livemode, state, credential, key_id)
VALUES ('p1', $1, $2, $3, 'active', $4, $5)
ON CONFLICT (project, id) DO UPDATE SET state = 'active', credential = EXCLUDED.credential, error = NULL
"""
ASK = """
INSERT INTO sync_runs (project, id, connection, mode, state, requested_at)
VALUES ('p1', $1, 'con_1', 'initial', 'queued', coalesce($2, now()))
"""
RESOURCES = "SELECT name, state, rows, pages, cursor, last_error FROM sync_resources WHERE run = $1 ORDER BY place"


@dataclass
class Desk:
    """A database that a test may look into and write to, as the API does."""

    store: Store
    connection: "asyncpg.Connection[asyncpg.Record]"

    async def connect(self, key: str = KEY, keys: Keyring | None = None) -> None:
        sealed = (keys or self.store.keys).encrypt(key.encode(), credential_place("p1", "con_1"))
        await self.connection.execute(ADD, "con_1", SCOPE[1], SCOPE[2], sealed.data, sealed.key_id)

    async def ask(self, run: str = "syn_1", at: datetime | None = None) -> None:
        await self.connection.execute(ASK, run, at)

    async def state(self, run: str = "syn_1") -> str:
        found: str = await self.connection.fetchval("SELECT state FROM sync_runs WHERE id = $1", run)
        return found

    async def resources(self, run: str = "syn_1") -> dict[str, asyncpg.Record]:
        return {row["name"]: row for row in await self.connection.fetch(RESOURCES, run)}

    async def finished(self, run: str = "syn_1", deadline: float = 20) -> str:
        async with asyncio.timeout(deadline):
            while (state := await self.state(run)) in ("queued", "running"):  # noqa: ASYNC110 – a row tells nobody
                await asyncio.sleep(0.02)
        return state

    async def said(self, table: str, row: str) -> tuple[str, Any]:
        """The state and error of a connection or run."""
        found = await self.connection.fetchrow(f"SELECT state, error FROM {table} WHERE id = $1", row)
        assert found is not None
        return found["state"], orjson.loads(found["error"] or "null")


@asynccontextmanager
async def opened_desk(database: str) -> AsyncIterator[Desk]:
    """A database with the project p1, while the block runs."""
    await upgrade(database)
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
    await connection.execute("INSERT INTO projects (id, name) VALUES ('p1', 'p1')")
    async with pool(database, "test") as opened:
        yield Desk(Store(database, opened, Keyring.parse(generate_key())), connection)
    await connection.close()
