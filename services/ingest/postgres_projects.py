"""Projects as PostgreSQL holds them. Only secrets that are not revoked are read, and they are decrypted here."""

from collections.abc import Iterable, Mapping, Sequence

import asyncpg

from libs.runtime.crypto import CannotDecrypt, Keyring, Sealed, webhook_secret_place
from libs.runtime.postgres import EVERY_PROJECT, UNREACHABLE
from libs.wire.stripe_event import Kept
from services.ingest.projects import LIVE_STATES, ConnectedAccount, Project, StoreUnavailable
from services.ingest.unreadable_secrets import SecretNews, note

# Rows of webhook_secrets, each with what it decrypts to.
Opened = Sequence[tuple[asyncpg.Record, bytes | None]]

# $1 is one project, or null for all.
PROJECTS = """
SELECT id, risk ->> 'watch_card_expiry' = 'true' AS watches_cards
FROM projects LEFT JOIN project_settings ON project_settings.project = projects.id
WHERE $1::text IS NULL OR id = $1
"""
SECRETS = (
    "SELECT project, id, secret, key_id, unreadable_since FROM webhook_secrets "
    "WHERE ($1::text IS NULL OR project = $1) AND revoked_at IS NULL ORDER BY project, created_at, id"
)
CONNECTIONS = (
    "SELECT project, account, livemode, state FROM connections "
    "WHERE $1::text IS NULL OR project = $1 ORDER BY project, connected_at, id"
)


class PostgresProjects:
    """Reads projects from the tables that api writes."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", keys: Keyring) -> None:
        self._pool = pool
        self._keys = keys

    async def find(self, project: str) -> Project | None:
        """As ProjectSource says."""
        return (await self._read(project)).get(project)

    async def every(self) -> dict[str, Project]:
        """As ProjectSource says."""
        return await self._read(None)

    async def _read(self, project: str | None) -> dict[str, Project]:
        try:
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                # The webhook's path names the project, so this service may see all of them.
                await connection.execute(EVERY_PROJECT)
                found = await connection.fetch(PROJECTS, project)
                secrets = await connection.fetch(SECRETS, project)
                accounts = await connection.fetch(CONNECTIONS, project)
            opened = [(row, self._opened(row)) for row in secrets]
            await note(self._pool, _news(opened))
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            raise StoreUnavailable(f"projects could not be read: {error!r}") from error
        kept = {row["id"]: Kept(card_expiry=row["watches_cards"] is True) for row in found}
        return _assembled(kept, opened, accounts)

    def _opened(self, row: asyncpg.Record) -> bytes | None:
        place = webhook_secret_place(row["project"], row["id"])
        try:
            return self._keys.decrypt(Sealed(row["key_id"], row["secret"]), place)
        except CannotDecrypt:
            return None


def _news(opened: Opened) -> list[SecretNews]:
    """The secrets that decrypt otherwise than was noted of them."""
    return [
        SecretNews(row["project"], row["id"], row["key_id"], secret is not None)
        for row, secret in opened
        if (secret is None) == (row["unreadable_since"] is None)
    ]


def _assembled(kept: Mapping[str, Kept], opened: Opened, connections: Iterable[asyncpg.Record]) -> dict[str, Project]:
    readable: dict[str, list[bytes]] = {}
    unreadable: dict[str, int] = {}
    for row, secret in opened:
        if secret is None:
            unreadable[row["project"]] = unreadable.get(row["project"], 0) + 1
        else:
            readable.setdefault(row["project"], []).append(secret)
    accounts: dict[str, list[ConnectedAccount]] = {}
    for row in connections:
        accounts.setdefault(row["project"], []).append(_account(row))
    return {
        each: Project(
            each, tuple(readable.get(each, ())), tuple(accounts.get(each, ())), unreadable.get(each, 0), of_project
        )
        for each, of_project in kept.items()
    }


def _account(row: asyncpg.Record) -> ConnectedAccount:
    return ConnectedAccount(row["account"], row["livemode"], row["state"] in LIVE_STATES)
