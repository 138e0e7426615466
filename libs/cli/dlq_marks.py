"""What was done about a dead letter. The audit log says it, so there is one truth, and nobody can take it back."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from libs.cli.servers import Owner
from libs.runtime.api_keys import InvalidProject, checked_project
from libs.runtime.audit_log import COMMAND_LINE, Action, AuditEntry, Store, audit
from libs.runtime.postgres import EVERY_PROJECT
from libs.wire.dead_letters import Letter

STATES = {Action.REPLAYED: "retried", Action.DROPPED: "dropped"}
NO_PROJECT = "(none)"
# Two who settle one letter at once: the second waits, and is then told.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('dead letter ' || $1, 0))"
MARKS = "SELECT subject, action, at, details FROM audit_log WHERE action = ANY($1) ORDER BY at"


@dataclass(frozen=True, slots=True)
class Mark:
    """`state`: retried or dropped. `reason` is what was given for dropping it."""

    state: str
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to be done about a letter, and noted. `act` does it and may raise: then nothing is noted."""

    action: Action
    act: Callable[[], Awaitable[object]]
    reason: str | None = None


async def marks(connection: Store) -> dict[tuple[str, str], Mark]:
    """All that was ever done, by the letter's origin and content. In a transaction that sees every project."""
    await connection.execute(EVERY_PROJECT)
    rows = await connection.fetch(MARKS, [action.value for action in STATES])
    return {(row["subject"], content): mark for row in rows for content, mark in _read(row)}


def _read(row: asyncpg.Record) -> list[tuple[str, Mark]]:
    details = json.loads(row["details"])
    mark = Mark(STATES[Action(row["action"])], row["at"], details.get("reason"))
    return [(details["content"], mark)] if "content" in details else []


async def settle(connection: Owner, letter: Letter, wanted: Settlement) -> Mark | None:
    """Do what is wanted and note it in one transaction; None. Was something done before: nothing, and the mark of it.

    Should the process die between the two, the letter is open still; to send it once more changes nothing.
    """
    async with connection.transaction():
        await connection.execute(LOCK, str(letter.origin))
        earlier = (await marks(connection)).get((str(letter.origin), letter.content))
        if earlier is None:
            await wanted.act()
            await audit(connection, _entry(letter, wanted))
        return earlier


def _entry(letter: Letter, wanted: Settlement) -> AuditEntry:
    details: dict[str, object] = {"content": letter.content, "fault": letter.reason, "attempts": letter.attempts}
    if wanted.reason is not None:
        details["reason"] = wanted.reason
    return AuditEntry(project_of(letter.key), wanted.action, COMMAND_LINE, str(letter.origin), details)


def project_of(key: bytes | None) -> str:
    """The project in a record's key, for the audit log; NO_PROJECT where the key names none."""
    try:
        return checked_project((key or b"").decode().partition("/")[0])
    except (InvalidProject, UnicodeDecodeError):
        return NO_PROJECT
