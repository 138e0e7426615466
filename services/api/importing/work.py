"""Works on imports: the rows of one file are stored in one transaction, then told to the streams.

A process that dies before leaves the file to the next one; one that dies after leaves rows that are not published yet,
which are found by that. Either way nothing is lost, and nothing stored twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import structlog

from libs.runtime.kafka import KafkaUnavailable
from libs.runtime.postgres import UNREACHABLE
from services.api.database import Connection, Database
from services.api.directory_entry import Entry
from services.api.directory_topic import DirectoryTopic
from services.api.importing.checking import Readied, accepted, readied
from services.api.importing.reading import RowError, read_rows
from services.api.queries import directory, imports
from services.api.queries.imports import Outcome, Waiting

AT_ONCE = 1_000
LOOK_SECONDS = 5.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Imports:
    """What the work needs; `woken` is set when there is a new file."""

    database: Database
    topic: DirectoryTopic
    woken: asyncio.Event


async def follow(work: Imports) -> None:
    """Work on imports for ever, those first that other processes left."""
    while True:
        try:
            while await take_one(work):
                pass
        except (*UNREACHABLE, KafkaUnavailable, asyncpg.TransactionRollbackError) as error:
            log.warning("import_interrupted", reason=repr(error), retry_seconds=LOOK_SECONDS)
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await work.woken.wait()
        except TimeoutError:
            continue
        work.woken.clear()


async def take_one(work: Imports) -> bool:
    """Work on the oldest import that waits; False: none does. Raises what PostgreSQL's and Kafka's absence raises."""
    async with work.database.every_project() as connection:
        at = await imports.waiting(connection)
        if at is None:
            return False
        if at.content is not None:
            await imports.checked(connection, at, await _stored(connection, at, at.content))
    if not at.dry_run:
        await _told(work, at)
    return True


async def _stored(connection: Connection, at: Waiting, content: bytes) -> Outcome:
    """Check the file and store what is right; a dry run stores nothing."""
    found, errors = await asyncio.to_thread(_checked, content, at.kind)
    await directory.lock(connection, at.project)
    clients = [each.entry.client for each in found]
    held = {client: each.entry for client, each in (await directory.held(connection, at.project, clients)).items()}
    claimed = {customer for each in found for customer in each.entry.stripe_customers}
    holders = await directory.claimed_by_others(connection, at.project, claimed, [])
    entries, conflicts = accepted(found, held, holders)
    errors += conflicts
    changed = [entry for entry in entries if held.get(entry.client) != entry]
    if not at.dry_run:
        await _store(connection, at.project, changed)
    refused = len({error.row for error in errors})
    return Outcome(len(changed), len(entries) - len(changed), refused, sorted(errors, key=lambda error: error.row))


def _checked(content: bytes, kind: str) -> tuple[list[Readied], list[RowError]]:
    rows, unreadable = read_rows(content, kind)
    found, errors = readied(rows)
    return found, unreadable + errors


async def _store(connection: Connection, project: str, changed: Sequence[Entry]) -> None:
    await directory.unclaim(connection, project, [entry.client for entry in changed])
    for first in range(0, len(changed), AT_ONCE):
        await directory.store(connection, project, changed[first : first + AT_ONCE])


async def _told(work: Imports, at: Waiting) -> None:
    while count := await work.topic.publish(at.project):
        async with work.database.every_project() as connection:
            await imports.published(connection, at, count)
    async with work.database.every_project() as connection:
        await imports.finished(connection, at)
