"""What the streams say of objects: the versions that the read model holds, and how far it has come.

That is the state that revenue is computed from, whichever process published it and how.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import asyncpg
import structlog

from libs.domain.fact import Fact, about_customer, about_subscription
from libs.domain.version import ordered
from libs.runtime.postgres import EVERY_PROJECT
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import read
from services.ingest.catalogues import Scope

PATIENT_SECONDS = 600
PATIENT = f"SELECT set_config('statement_timeout', '{PATIENT_SECONDS}s', true)"
AT_ONCE = 500
# Of versions with the same second and rank the domain tells which is the newest. `self` is the account of webhooks
# that came when it was not clear whose they were; ids of objects are Stripe's own, so two accounts share none.
NEWEST = """
SELECT object_id, record FROM (
    SELECT v.object_id, v.record,
        rank() OVER (PARTITION BY v.customer, v.object_id ORDER BY v.created DESC, v.rank DESC) AS place
    FROM object_versions v
    JOIN unnest($4::text[], $5::text[]) AS wanted (customer, object_id)
        ON v.customer = wanted.customer AND v.object_id = wanted.object_id
    WHERE v.project = $1 AND v.account IN ($2, 'self') AND v.livemode = $3 AND v.kind IN ('subscription', 'customer')
) newest WHERE place = 1
"""
# Ranks from $6 on are final: deleted, canceled.
LIVING = """
SELECT customer, object_id FROM object_versions
WHERE project = $1 AND account = $2 AND livemode = $3 AND kind = $4
GROUP BY customer, object_id
HAVING max(created) < $5 AND (array_agg(rank ORDER BY created DESC, rank DESC))[1] < $6
"""
AS_OF = "SELECT as_of FROM read_model_state"

Place = tuple[str, str]  # customer, object
log = structlog.get_logger(__name__)


class Known:
    """Raises asyncpg's errors (`libs.runtime.postgres.UNREACHABLE` among them)."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def as_of(self) -> datetime | None:
        """The instant up to which all that was published is in the read model; None where it holds nothing yet."""
        async with self._pool.acquire() as connection:
            found: datetime | None = await connection.fetchval(AS_OF)
            return found

    async def newest(self, scope: Scope, places: Sequence[Place]) -> dict[str, tuple[Fact, StripeRecord]]:
        """The newest version of each object that is known, by its id, with the record that told it."""
        customers, objects = [customer for customer, _ in places], [identifier for _, identifier in places]
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(EVERY_PROJECT)
            rows = await connection.fetch(NEWEST, *scope, customers, objects)
        tied: dict[str, list[tuple[Fact, StripeRecord]]] = {}
        for row in rows:
            told = _told(row["record"])
            if told is not None:
                tied.setdefault(row["object_id"], []).append(told)
        return {identifier: _last(versions) for identifier, versions in tied.items()}

    async def living(self, scope: Scope, kind: str, before: datetime, final_rank: int) -> AsyncIterator[Place]:
        """The objects of a kind that nothing was told of since `before`, and that have not come to their end."""
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(EVERY_PROJECT)
            await connection.execute(PATIENT)
            rows = connection.cursor(
                LIVING, *scope, kind, before, final_rank, prefetch=AT_ONCE, timeout=PATIENT_SECONDS
            )
            async for row in rows:
                yield row["customer"], row["object_id"]


def _told(raw: bytes) -> tuple[Fact, StripeRecord] | None:
    try:
        record = decode(raw, StripeRecord)
        facts = read(record)
    except MalformedRecord as error:
        log.warning("known_version_malformed", reason=str(error))
        return None
    return (facts[0], record) if facts else None


def _last(tied: Sequence[tuple[Fact, StripeRecord]]) -> tuple[Fact, StripeRecord]:
    if len(tied) == 1:
        return tied[0]
    digest = _newest_digest([fact for fact, _ in tied])
    return next((fact, record) for fact, record in tied if fact.digest == digest)


def _newest_digest(facts: Sequence[Fact]) -> bytes:
    """Of versions of one object, all of one kind."""
    subscriptions = [fact for fact in facts if about_subscription(fact)]
    if subscriptions:
        return ordered(subscriptions).versions[-1].digest
    return ordered(fact for fact in facts if about_customer(fact)).versions[-1].digest
