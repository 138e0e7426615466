"""The keys that seal secrets at rest, as commands find them, and what they have sealed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from deploy.stack import DEFAULT_HOME
from libs.cli.servers import owner
from libs.runtime.crypto import Keyring
from libs.runtime.postgres import EVERY_PROJECT
from libs.runtime.rotation import keys_in_use, rotate
from libs.runtime.settings import keys_in


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
    async with owner(database_url) as connection:
        done = await rotate(connection, keyring)
        async with connection.transaction():
            await connection.execute(EVERY_PROJECT)
            used = await keys_in_use(connection)
    return {
        "key": keyring.first,
        "rotated": done.rotated,
        "unreadable": [str(row) for row in done.unreadable],
        "may_be_dropped": sorted(key for key in keyring.keys if key != keyring.first and not used[key]),
    }
