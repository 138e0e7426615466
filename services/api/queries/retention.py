"""What is older than a project keeps, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from libs.domain.metrics.cells import Entry
from libs.wire.contribution_codec import exact_amount, exact_text
from services.api.database import Connection

LIMITED = "SELECT project FROM project_settings WHERE retention_tier <> 'unlimited' ORDER BY project"
# Whoever sets the time does the work of the day.
CLAIM = """
UPDATE ledgers SET purged_at = now()
WHERE project = $1 AND (purged_at IS NULL OR purged_at < now() - interval '20 hours') RETURNING true
"""
CUSTOMERS = """
SELECT customer FROM customers WHERE project = $1 AND livemode = $2 AND customer > $3 ORDER BY customer LIMIT $4
"""
# The last version before the time stays: it says how things stood from then on.
PURGE_VERSIONS = """
DELETE FROM object_versions AS old
WHERE project = $1 AND customer = ANY($2::text[]) AND created < $3 AND EXISTS (
    SELECT FROM object_versions AS newer
    WHERE newer.project = old.project AND newer.customer = old.customer AND newer.object_id = old.object_id
      AND newer.created < $3 AND (newer.created, newer.rank, newer.digest) > (old.created, old.rank, old.digest)
)
"""
PURGE_PAYMENTS = "DELETE FROM failed_payments WHERE project = $1 AND customer = ANY($2::text[]) AND failed_at < $3"
PURGE_IMPORTS = "DELETE FROM directory_imports WHERE finished_at < now() - interval '30 days'"
CLIENTS = """
SELECT DISTINCT livemode, generation, client FROM movements
WHERE project = $1 AND livemode = $2 AND occurred_at < $3 AND client > $4 ORDER BY client LIMIT $5
"""
MOVEMENTS = """
SELECT id, occurred_at, kind, currency, amount_num, amount_den, exact_after FROM movements
WHERE project = $1 AND livemode = $2 AND generation = $3 AND client = $4 AND occurred_at < $5
"""
REMOVE = """
DELETE FROM movements
WHERE project = $1 AND livemode = $2 AND generation = $3 AND id = ANY($4::text[])
"""
CHANGE = """
UPDATE movements AS held SET amount_num = t.num, amount_den = t.den, exact_after = t.exact_after, estimated = true
FROM unnest($4::text[], $5::numeric[], $6::numeric[], $7::text[]) AS t (id, num, den, exact_after)
WHERE held.project = $1 AND held.livemode = $2 AND held.generation = $3 AND held.id = t.id
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One client's entries in one generation of the ledger."""

    project: str
    livemode: bool
    generation: int
    client: str

    @property
    def key(self) -> tuple[str, bool, int]:
        return self.project, self.livemode, self.generation


async def limited(connection: Connection) -> list[str]:
    """The projects that don't keep everything."""
    return [row["project"] for row in await connection.fetch(LIMITED)]


async def claimed(connection: Connection, project: str) -> bool:
    """Whether this process is to purge the project's old records today."""
    return bool(await connection.fetchval(CLAIM, project))


async def customers(connection: Connection, project: str, livemode: bool, after: str, limit: int) -> list[str]:
    """The next page of customers."""
    return [row["customer"] for row in await connection.fetch(CUSTOMERS, project, livemode, after, limit)]


async def purge_customers(connection: Connection, project: str, page: Sequence[str], before: datetime) -> None:
    """Remove these customers' raw versions and failed payments from before that time; each object's last stays."""
    await connection.execute(PURGE_VERSIONS, project, page, before)
    await connection.execute(PURGE_PAYMENTS, project, page, before)


async def purge_imports(connection: Connection) -> None:
    """Forget how imports went that ended long ago."""
    await connection.execute(PURGE_IMPORTS)


async def shelves(connection: Connection, place: Shelf, before: datetime, limit: int) -> list[Shelf]:
    """The next page of clients after that of `place` with entries from before that time."""
    rows = await connection.fetch(CLIENTS, place.project, place.livemode, before, place.client, limit)
    return [Shelf(place.project, row["livemode"], row["generation"], row["client"]) for row in rows]


async def entries(connection: Connection, shelf: Shelf, before: datetime) -> list[Entry]:
    """The client's entries from before that time."""
    return [
        Entry(
            id=row["id"],
            at=row["occurred_at"],
            kind=row["kind"],
            currency=row["currency"],
            amount=Fraction(int(row["amount_num"]), int(row["amount_den"])),
            after=exact_amount(row["exact_after"]),
        )
        for row in await connection.fetch(MOVEMENTS, *shelf.key, shelf.client, before)
    ]


async def keep(connection: Connection, shelf: Shelf, held: Sequence[Entry], kept: Sequence[Entry]) -> None:
    """Leave only the entries that are to be kept, with their new amounts."""
    staying = {entry.id for entry in kept}
    amounts = {entry.id: entry.amount for entry in held}
    changed = [entry for entry in kept if entry.amount != amounts[entry.id]]
    await connection.execute(REMOVE, *shelf.key, [entry.id for entry in held if entry.id not in staying])
    if changed:
        await connection.execute(
            CHANGE,
            *shelf.key,
            [entry.id for entry in changed],
            [str(entry.amount.numerator) for entry in changed],
            [str(entry.amount.denominator) for entry in changed],
            [exact_text(entry.after) for entry in changed],
        )
