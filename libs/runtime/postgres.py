"""PostgreSQL: a pool whose every wait has an end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

# Of the owner's connections alone, and of one transaction: the wall between projects is lifted (see
# deploy/migrations/tenancy.py).
EVERY_PROJECT = "SELECT set_config('revstream.every_project', 'on', true)"
UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection broke while a query was being begun
    asyncpg.OperatorInterventionError,  # shutting down, starting up, the query was cancelled
    asyncpg.InsufficientResourcesError,  # too many connections, disk or memory full
)


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many connections, and how long to wait for one and for an answer. `only_transactions`: whoever has a
    connection changes nothing of its session but within a transaction, so it need not be reset for the next one."""

    most: int = 10
    connect_seconds: float = 5.0
    command_seconds: float = 10.0
    only_transactions: bool = False


@asynccontextmanager
async def pool(
    url: str, service: str, limits: PoolLimits = PoolLimits()
) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """A pool while the block runs. Connects on first use, so a service can start while PostgreSQL is away.

    What PostgreSQL's absence raises is in `UNREACHABLE`.
    """
    # No query of a service runs long enough to be worth compiling, but the planner thinks some do.
    created = asyncpg.create_pool(
        url,
        min_size=0,
        max_size=limits.most,
        timeout=limits.connect_seconds,
        command_timeout=limits.command_seconds,
        reset=_nothing_to_reset if limits.only_transactions else None,
        server_settings={
            "application_name": f"revstream-{service}",
            "statement_timeout": str(int(limits.command_seconds * 1000)),
            "idle_in_transaction_session_timeout": "60000",
            "jit": "off",
        },
    )
    async with created as opened:
        yield opened


async def _nothing_to_reset(_connection: object) -> None:
    """A transaction left open is ended by the pool in any case."""


async def postgres_answers(opened: "asyncpg.Pool[asyncpg.Record]", deadline_seconds: float = 2.0) -> bool:
    """Whether PostgreSQL answers a query within the deadline."""
    try:
        async with asyncio.timeout(deadline_seconds):
            await opened.fetchval("SELECT 1")
    except UNREACHABLE:
        return False
    return True
