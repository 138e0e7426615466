"""`python -m services.api.rebuild`: empty the read model, for a running api to fill it again from the topics."""

import asyncio
import sys

from libs.runtime.postgres import UNREACHABLE, pool
from libs.runtime.settings import load_or_exit
from services.api.database import Database
from services.api.read_model.rebuilding import rebuild
from services.api.settings import DatabaseSettings

UNAVAILABLE = 3


def main() -> int:
    """Rebuild the read model at DATABASE_URL; gives the exit code, 3 where PostgreSQL does not answer."""
    settings = load_or_exit(DatabaseSettings)
    try:
        asyncio.run(_rebuild(settings.database_url.get_secret_value()))
    except UNREACHABLE as error:
        sys.stderr.write(f"PostgreSQL can't be reached: {error!r}; is it running, and DATABASE_URL right?\n")
        return UNAVAILABLE
    sys.stdout.write("The read model is empty; a running api fills it from the topics, from their first record on.\n")
    return 0


async def _rebuild(database_url: str) -> None:
    async with pool(database_url, "rebuild") as connections:
        await rebuild(Database(connections))


if __name__ == "__main__":
    raise SystemExit(main())
