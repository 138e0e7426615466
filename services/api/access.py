"""Who calls: a Bearer key becomes its project and scopes. A revoked key works for half a minute at most."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from libs.runtime.api_keys import Scope, digest, looks_like_key
from services.api.database import Database
from services.api.problems import NO_KEY, Refused, missing_scope

KEPT_SECONDS = 30.0
MOST_KEPT = 10_000

# Finding a key and noting its use are one statement; found again after KEPT_SECONDS, so `last_used_at` is that exact.
USE_KEY = """
UPDATE api_keys SET last_used_at = now()
WHERE sha256 = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
RETURNING project, id, scopes, extract(epoch FROM expires_at - now())::float AS seconds_left
"""
IS_LIVE = """
SELECT EXISTS (SELECT FROM api_keys WHERE project = $1 AND id = $2 AND revoked_at IS NULL
                                      AND (expires_at IS NULL OR expires_at > now()))
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that came with a request. The project is only ever taken from here."""

    project: str
    key: str
    scopes: frozenset[str]

    def require(self, scope: Scope) -> None:
        """Raises Refused where the key lacks the scope."""
        if scope.value not in self.scopes and Scope.ADMIN.value not in self.scopes:
            raise Refused(missing_scope(scope.value))


@dataclass(frozen=True, slots=True)
class _Kept:
    caller: Caller
    until: float


class Access:
    """Finds callers, and keeps those found for a while. Keys are looked up by their hash: no comparison leaks time."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._kept: dict[bytes, _Kept] = {}

    async def caller(self, authorization: str | None) -> Caller:
        """Whom the Authorization header names. Raises Refused for no or no valid key."""
        key = _bearer(authorization)
        if key is None or not looks_like_key(key):
            raise Refused(NO_KEY)
        hashed = digest(key)
        kept = self._kept.get(hashed)
        if kept is not None and kept.until > self._clock():
            return kept.caller
        return await self._found(hashed)

    async def is_live(self, caller: Caller) -> bool:
        """Whether a caller that was let in some time ago would still be."""
        async with self._database.reading(caller.project) as connection:
            return bool(await connection.fetchval(IS_LIVE, caller.project, caller.key))

    def forget(self, key: str) -> None:
        """Don't let the key with this id in from memory any more."""
        self._kept = {hashed: kept for hashed, kept in self._kept.items() if kept.caller.key != key}

    async def _found(self, hashed: bytes) -> Caller:
        async with self._database.every_project() as connection:
            row = await connection.fetchrow(USE_KEY, hashed)
        if row is None:
            self._kept.pop(hashed, None)
            raise Refused(NO_KEY)
        caller = Caller(row["project"], row["id"], frozenset(row["scopes"]))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        left = KEPT_SECONDS if row["seconds_left"] is None else min(KEPT_SECONDS, row["seconds_left"])
        self._kept[hashed] = _Kept(caller, self._clock() + left)
        return caller


def _bearer(authorization: str | None) -> str | None:
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None
