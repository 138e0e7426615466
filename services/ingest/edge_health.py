"""What the webhook's edge sees of each project, counted in memory and added to PostgreSQL every few seconds.

Nothing here is asked for by a webhook's answer: while PostgreSQL is away, counting goes on.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import structlog

from libs.runtime.postgres import EVERY_PROJECT, UNREACHABLE
from services.ingest.catalogues import Scope

STORE_SECONDS = 5.0
MOST_SCOPES = 100_000
# The least delay of a few seconds is told: an event that Stripe sends again says nothing of clocks.
SEEN = """
INSERT INTO webhook_health AS held
    (project, account, livemode, accepted, accepted_at, skew_seconds, wrong_mode, wrong_mode_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (project, account, livemode) DO UPDATE SET
    accepted = held.accepted + excluded.accepted, accepted_at = greatest(held.accepted_at, excluded.accepted_at),
    skew_seconds = coalesce(excluded.skew_seconds, held.skew_seconds),
    wrong_mode = held.wrong_mode + excluded.wrong_mode,
    wrong_mode_at = greatest(held.wrong_mode_at, excluded.wrong_mode_at)
"""
REFUSED = """
INSERT INTO webhook_refusals AS held (project, refused, refused_at) VALUES ($1, $2, $3)
ON CONFLICT (project) DO UPDATE SET
    refused = held.refused + excluded.refused, refused_at = greatest(held.refused_at, excluded.refused_at)
"""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Seen:
    """Of one account in one mode, since it was stored last. Times are seconds since 1970."""

    accepted: int = 0
    accepted_at: float = 0.0
    skew_seconds: float | None = None
    wrong_mode: int = 0
    wrong_mode_at: float = 0.0


@dataclass(slots=True)
class _Refusals:
    count: int = 0
    at: float = 0.0


@dataclass(slots=True)
class EdgeHealth:
    """Counts webhooks by what became of them."""

    _seen: dict[Scope, _Seen] = field(default_factory=dict)
    _refusals: dict[str, _Refusals] = field(default_factory=dict)

    def accepted(self, scope: Scope, created: float, now: float) -> None:
        """An event of the account, made by Stripe at `created`, was published at `now`."""
        seen = self._of(scope)
        seen.accepted += 1
        seen.accepted_at = now
        skew = now - created
        if seen.skew_seconds is None or skew < seen.skew_seconds:
            seen.skew_seconds = skew

    def wrong_mode(self, scope: Scope, now: float) -> None:
        """An event came in a mode that the account is not connected in."""
        seen = self._of(scope)
        seen.wrong_mode += 1
        seen.wrong_mode_at = now

    def refused(self, project: str, now: float) -> None:
        """A request claimed a signature that none of the project's secrets made."""
        refusals = self._refusals.setdefault(project, _Refusals())
        refusals.count += 1
        refusals.at = now

    async def store(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Add what was counted to PostgreSQL. Raises what its absence raises; nothing is lost then."""
        seen, refusals = self._seen, self._refusals
        if not seen and not refusals:
            return
        self._seen, self._refusals = {}, {}
        is_stored = False
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(EVERY_PROJECT)
                await connection.executemany(SEEN, [_row(scope, each) for scope, each in sorted(seen.items())])
                rows = [(project, each.count, _instant(each.at)) for project, each in sorted(refusals.items())]
                await connection.executemany(REFUSED, rows)
            is_stored = True
        finally:
            if not is_stored:
                self._take_back(seen, refusals)

    async def keep(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Store for ever, every few seconds, and once more in the end; without PostgreSQL it is counted on."""
        try:
            while True:
                await asyncio.sleep(STORE_SECONDS)
                await self._stored(pool)
        finally:
            await self._stored(pool)

    async def _stored(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        try:
            await self.store(pool)
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            log.warning("webhook_health_not_stored", reason=repr(error))

    def _of(self, scope: Scope) -> _Seen:
        seen = self._seen.get(scope)
        if seen is None:
            if len(self._seen) >= MOST_SCOPES:
                self._seen.clear()
            seen = self._seen[scope] = _Seen()
        return seen

    def _take_back(self, seen: dict[Scope, _Seen], refusals: dict[str, _Refusals]) -> None:
        """Count what could not be stored together with what came meanwhile."""
        for scope, each in seen.items():
            now = self._of(scope)
            now.accepted += each.accepted
            now.accepted_at = max(now.accepted_at, each.accepted_at)
            now.skew_seconds = each.skew_seconds if now.skew_seconds is None else now.skew_seconds
            now.wrong_mode += each.wrong_mode
            now.wrong_mode_at = max(now.wrong_mode_at, each.wrong_mode_at)
        for project, refused in refusals.items():
            again = self._refusals.setdefault(project, _Refusals())
            again.count += refused.count
            again.at = max(again.at, refused.at)


def _row(scope: Scope, seen: _Seen) -> tuple[object, ...]:
    modes = (seen.wrong_mode, _instant(seen.wrong_mode_at))
    return (*scope, seen.accepted, _instant(seen.accepted_at), seen.skew_seconds, *modes)


def _instant(second: float) -> datetime | None:
    return datetime.fromtimestamp(second, UTC) if second else None
