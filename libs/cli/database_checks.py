"""The checks of `revstream doctor` inside PostgreSQL: locks, clock, read model, encryption keys, audits."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from libs.cli.audit_checks import audits
from libs.cli.auditing.outcomes import last_outcomes
from libs.cli.encryption import keyring_of
from libs.cli.findings import Finding, Place, good, problem, skipped
from libs.runtime.audit_log import chain_faults
from libs.runtime.crypto import Keyring
from libs.runtime.postgres import EVERY_PROJECT
from libs.runtime.rotation import keys_in_use, unreadable_rows

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
MOST_SKEW = timedelta(seconds=5)
MOST_BEHIND = 10_000
SEEN_WITHIN = timedelta(minutes=1)
# Whoever waits for a lock longer than this, and whoever keeps a transaction open without doing anything in it.
BLOCKED = """
SELECT count(*) FILTER (WHERE wait_event_type = 'Lock' AND now() - query_start > interval '30 seconds') AS waiting,
    count(*) FILTER (WHERE state LIKE 'idle in transaction%' AND now() - state_change > interval '1 minute') AS idle
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
READ_MODEL = "SELECT lag, now() - seen_at AS unseen FROM read_model_state"
Check = Callable[["Connection"], Awaitable[Finding]]


async def database(place: Place) -> list[Finding]:
    """All checks that need the newest schema; skipped together where there is none, which another finding tells."""
    names = ("locks", "clock", "read model", "encryption keys", "audit chain", "audit")
    if place.database is None:
        return [skipped(name, "no address is known") for name in names]
    try:
        connection = await asyncpg.connect(place.database, timeout=CONNECT_SECONDS, command_timeout=COMMAND_SECONDS)
        try:
            checks: tuple[Check, ...] = (_locks, _clock, _read_model, _encryption, _audit_chain, _audit)
            return [await _within(connection, check) for check in checks]
        finally:
            await connection.close()
    except asyncpg.UndefinedTableError:
        return [skipped(name, "the schema is not there") for name in names]
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError):
        return [skipped(name, "PostgreSQL does not tell") for name in names]


async def _within(connection: "Connection", check: Check) -> Finding:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(EVERY_PROJECT)
        return await check(connection)


async def _locks(connection: "Connection") -> Finding:
    row = await connection.fetchrow(BLOCKED)
    assert row is not None
    if not row["waiting"] and not row["idle"]:
        return good("locks", "nobody waits for one")
    told = f"{row['waiting']} wait for over 30 seconds, {row['idle']} hold a transaction open without working"
    return problem("locks", told, "Look into pg_stat_activity, and end what holds the lock: pg_terminate_backend(pid).")


async def _clock(connection: "Connection") -> Finding:
    theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
    apart = abs(datetime.now(UTC) - theirs)
    if apart <= MOST_SKEW:
        return good("clock", f"within {apart.total_seconds():.1f} s of PostgreSQL's")
    hint = "Let both machines follow a time server: signatures are taken within 300 s only."
    return problem("clock", f"{apart.total_seconds():.0f} s apart from PostgreSQL's", hint)


async def _read_model(connection: "Connection") -> Finding:
    row = await connection.fetchrow(READ_MODEL)
    if row is None:
        return good("read model", "has read nothing yet")
    if row["unseen"] > SEEN_WITHIN:
        told = f"nobody has read the topics for {row['unseen'].total_seconds():.0f} s"
        return problem("read model", told, "Start the api service, or look into its log.")
    if row["lag"] > MOST_BEHIND:
        return problem("read model", f"is {row['lag']} records behind", "Wait; if it grows, look into the api's log.")
    return good("read model", f"is {row['lag']} records behind")


async def _encryption(connection: "Connection") -> Finding:
    try:
        keyring = keyring_of()
    except ValueError as error:
        return problem("encryption keys", str(error), "`revstream keys encryption-key` prints a good one.")
    if keyring is None:
        return skipped("encryption keys", "REVSTREAM_ENCRYPTION_KEYS is not set here")
    unreadable = await unreadable_rows(connection, keyring)
    if unreadable:
        told = f"{len(unreadable)} stored secrets can't be decrypted, first {unreadable[0]}"
        return problem("encryption keys", told, "Put the key back into REVSTREAM_ENCRYPTION_KEYS, or set them again.")
    return _ages(keyring, dict(await keys_in_use(connection)))


def _ages(keyring: Keyring, used: dict[str, int]) -> Finding:
    old = sum(count for key, count in used.items() if key != keyring.first)
    told = f"all {sum(used.values())} stored secrets can be decrypted"
    if not old:
        return good("encryption keys", told)
    return good("encryption keys", f"{told}, {old} under an older key: `revstream keys rotate-encryption`")


async def _audit_chain(connection: "Connection") -> Finding:
    faults = await chain_faults(connection)
    if not faults:
        return good("audit chain", "holds")
    hint = "Somebody changed audit_log with the owner's rights: compare it with a backup or an export."
    return problem("audit chain", "; ".join(faults), hint)


async def _audit(connection: "Connection") -> Finding:
    return audits(await last_outcomes(connection), datetime.now(UTC))
