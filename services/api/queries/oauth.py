"""Attempts to connect an account by OAuth, each known by the hash of its state, and what is to be given back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import asyncpg
import msgspec

from services.api.database import Connection

LIVES = timedelta(minutes=10)
# States are of no use after ten minutes; what became of them is kept for a day.
FORGET = "DELETE FROM oauth_states WHERE project = $1 AND expires_at < now() - interval '1 day'"
REMEMBER = """
INSERT INTO oauth_states (sha256, project, key, livemode, scope, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + $6) RETURNING expires_at
"""
TAKE = """
UPDATE oauth_states SET used_at = now()
WHERE sha256 = $1 AND used_at IS NULL AND ($2::text IS NULL OR project = $2)
RETURNING project, key, livemode, scope, expires_at > now() AS is_current, EXISTS (
    SELECT FROM api_keys WHERE api_keys.project = oauth_states.project AND id = key AND revoked_at IS NULL
) AS has_key
"""
IS_USED = "SELECT EXISTS (SELECT FROM oauth_states WHERE sha256 = $1 AND ($2::text IS NULL OR project = $2))"
HOLD_CODE = "UPDATE oauth_states SET code_sha256 = $2 WHERE sha256 = $1"
END = "UPDATE oauth_states SET outcome = $2 WHERE sha256 = $1"
GIVE_BACK = "INSERT INTO deauthorizations (project, connection, account) VALUES ($1, $2, $3)"
# To be given back once: where the account is connected again, or by another project, access is still needed.
DUE = """
UPDATE deauthorizations SET tries = tries + 1,
    next_try_at = now() + least(interval '1 hour', interval '10 seconds' * power(2, least(tries, 9)))
WHERE (project, connection, asked_at) IN (
    SELECT project, connection, asked_at FROM deauthorizations
    WHERE done_at IS NULL AND next_try_at <= now() ORDER BY next_try_at LIMIT 20 FOR UPDATE SKIP LOCKED
)
RETURNING project, connection, account, asked_at, tries, EXISTS (
    SELECT FROM connections c
    WHERE c.account = deauthorizations.account AND c.method = 'oauth' AND c.state IN ('active', 'error')
) AS is_needed
"""
DONE = """
UPDATE deauthorizations SET done_at = now(), last_error = NULL
WHERE project = $1 AND connection = $2 AND asked_at = $3
"""
FAILED = "UPDATE deauthorizations SET last_error = $4 WHERE project = $1 AND connection = $2 AND asked_at = $3"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who began it, and what was asked for. `is_current`: its ten minutes were not over; `has_key`: nor was its key."""

    project: str
    key: str
    livemode: bool
    scope: str
    is_current: bool
    has_key: bool


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Access to an account that is to be ended, unless `is_needed` by another connection."""

    project: str
    connection: str
    account: str
    asked_at: datetime
    tries: int
    is_needed: bool


def hashed(secret: str) -> bytes:
    """What is stored of a state or a code; both are random, so a plain hash tells nothing."""
    return sha256(secret.encode()).digest()


async def remember(connection: Connection, state: str, begun: Attempt) -> datetime:
    """Keep an attempt; gives when it expires."""
    await connection.execute(FORGET, begun.project)
    expires: datetime = await connection.fetchval(
        REMEMBER, hashed(state), begun.project, begun.key, begun.livemode, begun.scope, LIVES
    )
    return expires


async def take(connection: Connection, state: str, project: str | None) -> Attempt | None:
    """Use up a state, for good; None for one that is unknown or used. `project` restricts to a project's own."""
    row = await connection.fetchrow(TAKE, hashed(state), project)
    return None if row is None else Attempt(**row)


async def is_used(connection: Connection, state: str, project: str | None) -> bool:
    """Whether there was such a state."""
    found: bool = await connection.fetchval(IS_USED, hashed(state), project)
    return found


async def hold_code(connection: Connection, state: str, code: str) -> bool:
    """Note that a code is about to be redeemed; False where it was noted before, with any state."""
    try:
        async with connection.transaction():  # a savepoint: the refused statement must not end more than itself
            await connection.execute(HOLD_CODE, hashed(state), hashed(code))
    except asyncpg.UniqueViolationError:
        return False
    return True


async def end(connection: Connection, state: str, outcome: str) -> None:
    """Note what became of an attempt."""
    await connection.execute(END, hashed(state), outcome)


async def give_back(connection: Connection, project: str, row: str, account: str) -> None:
    """Have access to an account ended at Stripe once the transaction is committed."""
    await connection.execute(GIVE_BACK, project, row, account)


async def due(connection: Connection) -> list[GivenBack]:
    """What is to be given back now. Nobody else gets the same until its next try, up to an hour later."""
    return [GivenBack(**row) for row in await connection.fetch(DUE)]


async def done(connection: Connection, given: GivenBack) -> None:
    """It needs no further try."""
    await connection.execute(DONE, given.project, given.connection, given.asked_at)


async def failed(connection: Connection, given: GivenBack, error: dict[str, object]) -> None:
    """It is tried again later."""
    told = msgspec.json.encode(error).decode()
    await connection.execute(FAILED, given.project, given.connection, given.asked_at, told)
