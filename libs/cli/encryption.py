"""The keys that seal secrets at rest, as commands find them, and what they have sealed."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

import asyncpg

from deploy.failures import StackUnavailable
from deploy.stack import DEFAULT_HOME
from libs.runtime.crypto import Keyring
from libs.runtime.rotation import keys_in_use, rotate
from libs.runtime.settings import keys_in

CONNECT_SECONDS = 10


def keyring_of(environment: Mapping[str, str] = os.environ) -> Keyring | None:
    """REVSTREAM_ENCRYPTION_KEYS, else the file that REVSTREAM_ENCRYPTION_KEYS_FILE names, else that of the home.

    None where there is none of them. Raises ValueError (InvalidKeys among them) for what can't be read.
    """
    given = environment.get("REVSTREAM_ENCRYPTION_KEYS")
    if given:
        return Keyring.parse(given)
    named = environment.get("REVSTREAM_ENCRYPTION_KEYS_FILE")
    file = Path(named) if named else Path(environment.get("REVSTREAM_HOME") or DEFAULT_HOME) / "encryption.keys"
    if not named and not file.exists():
        return None
    return Keyring.parse(keys_in(file))


class Rotated(TypedDict):
    """What a rotation did, for a person or a program."""

    key: str
    rotated: int
    unreadable: list[str]
    may_be_dropped: list[str]


async def rotated(database_url: str, keyring: Keyring) -> Rotated:
    """Seal everything under the newest key; tells what was done and which keys may be dropped.

    Raises StackUnavailable; what was done until then stays done.
    """
    async with _owner(database_url) as connection:
        done = await rotate(connection, keyring)
        async with connection.transaction():
            await connection.execute("SELECT set_config('revstream.every_project', 'on', true)")
            used = await keys_in_use(connection)
    return {
        "key": keyring.first,
        "rotated": done.rotated,
        "unreadable": [str(row) for row in done.unreadable],
        "may_be_dropped": sorted(key for key in keyring.keys if key != keyring.first and not used[key]),
    }


@asynccontextmanager
async def _owner(database_url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    try:
        connection = await asyncpg.connect(database_url, timeout=CONNECT_SECONDS, command_timeout=60)
        try:
            yield connection
        finally:
            await connection.close()
    except asyncpg.UndefinedTableError as error:
        raise StackUnavailable("the database has not the newest schema: start the api service once") from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StackUnavailable(f"PostgreSQL ended the rotation ({error}): run it again, it goes on") from error
