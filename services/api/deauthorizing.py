"""What a platform was granted is given back at Stripe: tried at once, and again until Stripe has heard it.

The wish is stored with the disconnection itself, so that neither a crash nor Stripe's absence keeps access alive.
"""

import asyncio

import asyncpg
import structlog

from libs.runtime.audit_log import Action, AuditEntry, audit
from libs.runtime.postgres import UNREACHABLE
from libs.stripe_gateway import Platform, StripeFault
from libs.stripe_gateway.oauth import deauthorized
from services.api.database import Database
from services.api.queries import oauth
from services.api.queries.oauth import GivenBack

LOOK_SECONDS = 10.0
log = structlog.get_logger(__name__)


async def follow(database: Database, platform: Platform | None, news: asyncio.Event) -> None:
    """Give back for ever what is due: at once when `news` is set, else every few seconds."""
    while platform is not None:
        news.clear()
        try:
            await give_back_due(database, platform)
        except (*UNREACHABLE, asyncpg.UndefinedTableError) as error:
            log.warning("access_not_given_back_yet", reason=repr(error))
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await news.wait()
        except TimeoutError:
            continue


async def give_back_due(database: Database, platform: Platform) -> None:
    """Try what is due once. Raises what PostgreSQL's absence raises."""
    async with database.every_project() as connection:
        found = await oauth.due(connection)
    for given in found:
        await _give_back(database, platform, given)


async def _give_back(database: Database, platform: Platform, given: GivenBack) -> None:
    try:
        if not given.is_needed:
            await deauthorized(platform, given.account)
    except StripeFault as fault:
        log.warning("access_not_given_back", account=given.account, tries=given.tries, reason=str(fault))
        async with database.every_project() as connection:
            await oauth.failed(connection, given, _told(fault))
        return
    told = {"account": given.account, "kept": given.is_needed, "tries": given.tries}
    entry = AuditEntry(given.project, Action.DEAUTHORIZED, "api", given.connection or "oauth", told)
    async with database.every_project() as connection:
        await oauth.done(connection, given)
        await audit(connection, entry)


def _told(fault: StripeFault) -> dict[str, object]:
    return {
        "code": "deauthorization_failed",
        "message": str(fault),
        "hint": "It is tried again by itself; the connection is ended here whatever Stripe answers.",
        "stripe_request_id": fault.request_id,
    }
