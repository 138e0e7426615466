"""The next generation of a project's ledger: begun when what counts has changed, filled client by client, then shown.

While it is filled, the streams are written into both. A client's entries there are those that were told under the new
settings already; all older ones are refolded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import msgspec

from libs.domain.identity import ClientId
from libs.domain.ledger import Belonging
from libs.wire.codec import decode
from libs.wire.records import ClientRecord, MovementRecord
from services.api.database import Connection

ALL = """
SELECT held.project, generation, counted_by, building, building_counted_by, coalesce(version, 0) AS version,
       coalesce(preset, 'default') AS preset, coalesce(policy, '{}')::text AS policy
FROM ledgers AS held LEFT JOIN project_settings USING (project) ORDER BY project
"""
LOCKED = """
SELECT generation, building, building_timezone, building_settings, coalesce(built_up_to, '') AS built_up_to
FROM ledgers WHERE project = $1 FOR UPDATE
"""
KNOW = "UPDATE ledgers SET counted_by = $2, settings = $3 WHERE project = $1 AND building IS NULL"
BEGIN = """
UPDATE ledgers SET building = coalesce(building, generation) + 1, building_timezone = $2, building_counted_by = $3,
    building_settings = $4, built_up_to = '', clients_done = 0, started_at = now(), finished_at = NULL,
    clients_total = (SELECT count(*) FROM clients WHERE clients.project = $1)
WHERE project = $1 RETURNING generation, building
"""
FORGET = "DELETE FROM {table} WHERE project = $1 AND livemode = $2 AND generation <> $3 AND generation <> $4"
CLIENTS = """
SELECT client FROM (
    (SELECT client FROM clients WHERE project = $1 AND client COLLATE "C" > $2 ORDER BY client COLLATE "C" LIMIT $4)
    UNION (SELECT DISTINCT client COLLATE "C" FROM movements
           WHERE project = $1 AND livemode AND generation = $3 AND client COLLATE "C" > $2 ORDER BY 1 LIMIT $4)
    UNION (SELECT DISTINCT client COLLATE "C" FROM movements
           WHERE project = $1 AND NOT livemode AND generation = $3 AND client COLLATE "C" > $2 ORDER BY 1 LIMIT $4)
) AS found ORDER BY client COLLATE "C" LIMIT $4
"""
TOLD = """
SELECT project, livemode, id, client, kind, currency, occurred_at, exact_before, exact_after, customer, subscription,
       reason, plan_change, cancellation_reason, cancellation_feedback, estimated, settings, revision, recorded_at, own,
       caused_by
FROM movements
WHERE project = $1 AND livemode = ANY(ARRAY[true, false]) AND generation = $2 AND client = ANY($3::text[])
  AND settings >= $4
"""
CUSTOMERS = """
SELECT DISTINCT wanted.client, livemode, customer FROM unnest($2::text[]) AS wanted (client) CROSS JOIN LATERAL (
    SELECT livemode, customer FROM customers WHERE project = $1 AND customers.client = wanted.client
    UNION SELECT livemode, customer FROM movements
    WHERE project = $1 AND livemode = ANY(ARRAY[true, false]) AND generation = $3 AND movements.client = wanted.client
      AND kind = 'transfer' AND customer IS NOT NULL
) AS found
"""
RECORDS = """
SELECT customer, record FROM object_versions
WHERE project = $1 AND customer = ANY($2::text[]) AND kind IN ('subscription', 'customer', 'discount')
ORDER BY customer, created, rank, digest
"""
BELONGINGS = """
SELECT DISTINCT clients.record FROM customers JOIN clients USING (project, client)
WHERE project = $1 AND customer = ANY($2::text[]) AND clients.record IS NOT NULL
"""
PASSED = """
UPDATE ledgers SET built_up_to = $2, clients_done = clients_done + $3 WHERE project = $1
"""
SHOW = """
UPDATE ledgers SET generation = building, timezone = building_timezone, settings = building_settings,
    counted_by = building_counted_by, building = NULL, building_timezone = NULL, building_settings = NULL,
    building_counted_by = NULL, built_up_to = NULL, finished_at = now()
WHERE project = $1 RETURNING generation
"""
# Trials and payments don't depend on how MRR counts, but on which day is whose.
PLAIN_CELLS = (
    """
INSERT INTO ledger_cells (project, livemode, generation, measure, day, edge, currency, label, den, num, n)
SELECT project, livemode, $2, 'trial', (at AT TIME ZONE $3)::date, '0001-01-01', '', label, '1', 0, count(*)
FROM subscriptions CROSS JOIN LATERAL (VALUES ('began', trial_began), ('ended', trial_ended),
                                              ('converted', trial_converted)) AS told (label, at)
WHERE project = $1 AND at IS NOT NULL GROUP BY project, livemode, 5, label
""",
    """
INSERT INTO ledger_cells (project, livemode, generation, measure, day, edge, currency, label, den, num, n)
SELECT project, livemode, $2, 'invoices', (created_at AT TIME ZONE $3)::date, '0001-01-01', currency, status, '1',
       sum(amount_due), count(*)
FROM invoices WHERE project = $1 GROUP BY project, livemode, 5, currency, status
""",
    """
INSERT INTO ledger_cells (project, livemode, generation, measure, day, edge, currency, label, den, num, n)
SELECT project, livemode, $2, 'paid', (coalesce(paid_at, paid_when) AT TIME ZONE $3)::date, '0001-01-01', currency, '',
       '1', sum(paid_amount), count(*)
FROM invoices WHERE project = $1 AND paid_amount <> 0 AND coalesce(paid_at, paid_when) IS NOT NULL
GROUP BY project, livemode, 5, currency
""",
    """
INSERT INTO ledger_cells (project, livemode, generation, measure, day, edge, currency, label, den, num, n)
SELECT project, livemode, $2, 'refunded', (refunded_at AT TIME ZONE $3)::date, '0001-01-01', currency, '', '1',
       sum(given), count(*)
FROM (
    SELECT project, livemode, refunded_at, currency,
           amount - coalesce(lag(amount) OVER (PARTITION BY project, livemode, charge ORDER BY amount), 0) AS given
    FROM refunds WHERE project = $1 AND source = 'charge'
    UNION ALL
    SELECT project, livemode, refunded_at, currency, amount FROM refunds AS one
    WHERE project = $1 AND source = 'refund' AND NOT failed AND NOT EXISTS (
        SELECT FROM refunds WHERE (project, livemode, charge) = (one.project, one.livemode, one.charge)
                              AND source = 'charge')
) AS found WHERE given > 0 GROUP BY project, livemode, 5, currency
""",
)


# Of whole projects: far longer than a request may take.
PATIENCE = 1800.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a project's ledger is counted, and how it is to be; `building` what is being built towards."""

    project: str
    counted_by: str | None
    building: str | None
    version: int
    preset: str
    options: dict[str, object]


@dataclass(frozen=True, slots=True)
class Building:
    """The generation that is shown and the one being built, and how far that has come."""

    shown: int
    building: int
    timezone: str
    settings: int
    up_to: str


async def patiently(connection: Connection) -> None:
    """Let the statements of this transaction take as long as whole projects need."""
    await connection.execute(f"SET LOCAL statement_timeout = '{int(PATIENCE)}s'")


async def standings(connection: Connection) -> list[Standing]:
    """Every project that has a ledger."""
    return [
        Standing(
            project=row["project"],
            counted_by=row["counted_by"],
            building=None if row["building"] is None else row["building_counted_by"],
            version=row["version"],
            preset=row["preset"],
            options=msgspec.json.decode(row["policy"]),
        )
        for row in await connection.fetch(ALL)
    ]


async def know(connection: Connection, project: str, counted_by: str, version: int) -> None:
    """What was told so far is counted so."""
    await connection.execute(KNOW, project, counted_by, version)


async def begin(connection: Connection, project: str, timezone: str, counted_by: str, version: int) -> None:
    """Open a new generation; one that was being built is given up."""
    await patiently(connection)
    row = await connection.fetchrow(BEGIN, project, timezone, counted_by, version)
    assert row is not None
    await forget(connection, project, row["generation"], row["building"])
    for statement in PLAIN_CELLS:
        await connection.execute(statement, project, row["building"], timezone, timeout=PATIENCE)


async def forget(connection: Connection, project: str, *generations: int) -> None:
    """Drop all generations but these."""
    await patiently(connection)
    kept = (*generations, *generations)[:2]
    for table in ("part_cells", "movements", "ledger_cells"):
        for livemode in (True, False):
            await connection.execute(FORGET.format(table=table), project, livemode, *kept, timeout=PATIENCE)


async def building(connection: Connection, project: str) -> Building | None:
    """What is being built; nobody else goes on with it, or writes the ledger, until the transaction ends."""
    await patiently(connection)
    row = await connection.fetchrow(LOCKED, project, timeout=PATIENCE)
    if row is None or row["building"] is None:
        return None
    return Building(
        row["generation"], row["building"], row["building_timezone"], row["building_settings"], row["built_up_to"]
    )


async def following(connection: Connection, project: str, at: Building, most: int) -> list[str]:
    """The clients that come next."""
    return [row["client"] for row in await connection.fetch(CLIENTS, project, at.up_to, at.shown, most)]


async def members(
    connection: Connection, project: str, clients: Sequence[str], generation: int
) -> list[tuple[str, bool, str]]:
    """Client, mode and customer of all who belong to these clients, or did."""
    rows = await connection.fetch(CUSTOMERS, project, list(clients), generation)
    return [(row["client"], row["livemode"], row["customer"]) for row in rows]


async def records(connection: Connection, project: str, customers: Sequence[str]) -> Mapping[str, list[bytes]]:
    """The stored versions of each customer's objects."""
    found: dict[str, list[bytes]] = {customer: [] for customer in customers}
    for row in await connection.fetch(RECORDS, project, list(customers)):
        found[row["customer"]].append(row["record"])
    return found


async def belongings(connection: Connection, project: str, customers: Sequence[str]) -> Mapping[str, Belonging]:
    """To whom each customer belonged since when, as its present client's record has it."""
    found: dict[str, Belonging] = {}
    for row in await connection.fetch(BELONGINGS, project, list(customers)):
        for member in decode(row["record"], ClientRecord).members:
            found[member.customer] = tuple((one.since, ClientId(one.client)) for one in member.belongings)
    return found


async def told_since(
    connection: Connection, project: str, at: Building, clients: Sequence[str]
) -> list[MovementRecord]:
    """What the streams have told of these clients under the new settings."""
    rows = await connection.fetch(TOLD, project, at.shown, list(clients), at.settings)
    return [_record(row) for row in rows]


async def passed(connection: Connection, project: str, clients: Sequence[str]) -> None:
    """These clients are done."""
    await connection.execute(PASSED, project, clients[-1], len(clients))


async def show(connection: Connection, project: str) -> int:
    """From now on the built generation is the ledger; gives its number."""
    shown: int = await connection.fetchval(SHOW, project)
    return shown


def _record(row: asyncpg.Record) -> MovementRecord:
    fields = {name: value for name, value in row.items() if name not in ("own", "caused_by")}
    return MovementRecord(**fields, own=msgspec.json.decode(row["own"]), caused_by=tuple(row["caused_by"]))
