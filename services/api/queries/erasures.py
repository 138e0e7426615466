"""Erasing what is kept of a person: rows rewritten without the e-mail, and whether the streams were told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from libs.wire.codec import decode, encode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event.erasing import emails_in, without_email
from services.api.database import Connection

ADD = """
INSERT INTO erasures (project, customer) VALUES ($1, $2)
ON CONFLICT (project, customer) DO UPDATE SET customer = excluded.customer RETURNING requested_at, finished_at
"""
ONE = "SELECT requested_at, finished_at FROM erasures WHERE project = $1 AND customer = $2"
FINISHED = "UPDATE erasures SET published_at = now(), finished_at = now() WHERE project = $1 AND customer = $2"
UNFINISHED = """
SELECT project, customer, requested_at FROM erasures WHERE finished_at IS NULL
ORDER BY requested_at, project, customer LIMIT 1 FOR UPDATE SKIP LOCKED
"""
LATELY = "SELECT project, customer, requested_at FROM erasures WHERE finished_at > now() - interval '1 day'"
OF_THESE = """
SELECT project, customer FROM erasures
WHERE (project, customer) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
FORGET = """
UPDATE customers SET email = NULL, email_domain = NULL, email_registered = NULL WHERE project = $1 AND customer = $2
"""
VERSIONS = """
SELECT object_id, created, rank, digest, record FROM object_versions
WHERE project = $1 AND customer = $2 AND kind = 'customer' ORDER BY created, rank, digest
"""
REWRITE = """
UPDATE object_versions AS held SET record = t.record
FROM unnest($3::text[], $4::timestamptz[], $5::smallint[], $6::bytea[], $7::bytea[])
    AS t (object_id, created, rank, digest, record)
WHERE held.project = $1 AND held.customer = $2 AND held.object_id = t.object_id AND held.created = t.created
  AND held.rank = t.rank AND held.digest = t.digest
"""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Whose e-mail is to be forgotten."""

    project: str
    customer: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    requested_at: datetime
    finished_at: datetime | None


async def add(connection: Connection, project: str, customer: str) -> Standing:
    """Ask for it; asked again it stands where it stood."""
    row = await connection.fetchrow(ADD, project, customer)
    assert row is not None
    return Standing(**row)


async def one(connection: Connection, project: str, customer: str) -> Standing | None:
    """How the erasure of the customer stands; None where none was asked for."""
    row = await connection.fetchrow(ONE, project, customer)
    return None if row is None else Standing(**row)


async def unfinished(connection: Connection) -> Erasure | None:
    """The oldest that the streams were not told of, held until the transaction ends."""
    row = await connection.fetchrow(UNFINISHED)
    return None if row is None else Erasure(**row)


async def lately(connection: Connection) -> list[Erasure]:
    """Those of the last day: what was on its way into the tables then has arrived since."""
    return [Erasure(**row) for row in await connection.fetch(LATELY)]


async def finished(connection: Connection, erasure: Erasure) -> None:
    """The streams were told."""
    await connection.execute(FINISHED, erasure.project, erasure.customer)


async def asked_of(connection: Connection, places: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these customers (project, id) must have no e-mail any more."""
    wanted = list(places)
    projects, customers = [project for project, _ in wanted], [customer for _, customer in wanted]
    return {(row["project"], row["customer"]) for row in await connection.fetch(OF_THESE, projects, customers)}


async def forget(connection: Connection, project: str, customer: str) -> tuple[set[str], bytes | None]:
    """Take the e-mail out of the customer's rows; gives the e-mails that were in them, and the newest version."""
    await connection.execute(FORGET, project, customer)
    rows = await connection.fetch(VERSIONS, project, customer)
    records = [decode(row["record"], StripeRecord) for row in rows]
    named = {email for record in records for email in emails_in(record)}
    changed = [
        (row, bare) for row, record in zip(rows, records, strict=True) if (bare := without_email(record)) != record
    ]
    if changed:
        await connection.execute(REWRITE, project, customer, *_columns(changed))
    return named, rows[-1]["record"] if rows else None


def _columns(changed: Sequence[tuple[asyncpg.Record, StripeRecord]]) -> list[list[object]]:
    keys = ("object_id", "created", "rank", "digest")
    return [*([row[key] for row, _ in changed] for key in keys), [encode(bare) for _, bare in changed]]
