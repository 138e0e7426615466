"""The directory: entries stored with what they claim, and whether the streams were told of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from libs.domain.identity import ClientId, CustomerId
from libs.domain.mapping import ClientEntry
from libs.wire.records import DirectoryRecord
from services.api.database import Connection
from services.api.directory_entry import Entry

# What no value of an entry contains: arrays of arrays travel to PostgreSQL as joined text.
SEPARATOR = "\x1f"
COLUMNS = "client, version, published_version, name, stakeholder_emails, domains, stripe_customers, updated_at"
# Changes of one project's directory take turns, so that no two can claim one customer.
LOCK = "SELECT FROM projects WHERE id = $1 FOR NO KEY UPDATE"
HELD = f"SELECT {COLUMNS} FROM directory WHERE project = $1 AND client = ANY($2::text[]) AND NOT deleted"  # noqa: S608 – constants of ours
STORE = """
INSERT INTO directory AS held (project, client, version, name, stakeholder_emails, domains, stripe_customers)
SELECT $1, client, 1, name, string_to_array(emails, E'\\x1f'), string_to_array(domains, E'\\x1f'),
       string_to_array(customers, E'\\x1f')
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS t (client, name, emails, domains, customers)
ORDER BY client
ON CONFLICT (project, client) DO UPDATE SET
    version = held.version + 1, deleted = false, name = excluded.name,
    stakeholder_emails = excluded.stakeholder_emails, domains = excluded.domains,
    stripe_customers = excluded.stripe_customers, updated_at = now()
WHERE held.deleted OR (held.name, held.stakeholder_emails, held.domains, held.stripe_customers)
    IS DISTINCT FROM (excluded.name, excluded.stakeholder_emails, excluded.domains, excluded.stripe_customers)
RETURNING client
"""
CLAIM_NOTHING = "DELETE FROM directory_claims WHERE project = $1 AND client = ANY($2::text[])"
CLAIM = """
INSERT INTO directory_claims (project, kind, claimed, client)
SELECT project, kind, claimed, client FROM directory
CROSS JOIN LATERAL (SELECT 'email' AS kind, unnest(stakeholder_emails) AS claimed
                    UNION ALL SELECT 'domain', unnest(domains)
                    UNION ALL SELECT 'customer', unnest(stripe_customers)) AS claims
WHERE project = $1 AND client = ANY($2::text[])
"""
# The client's row of the read model: an entry is listed from now on, with revenue or without.
INSERT_LISTED = """
INSERT INTO clients AS held (project, client, livemode, listed, revision, status, name, search, customers,
                             active_subscriptions, active_subscribers, mrr, incomplete, as_of, record)
SELECT project, client, NULL, true, 0, 'none', coalesce(name, client),
       lower(concat_ws(' ', client, coalesce(name, client), '')), '{}', 0, 0, 0, 0, updated_at, NULL
FROM directory
"""
LIST_ALL = f"{INSERT_LISTED} WHERE NOT deleted"
LIST = f"""{INSERT_LISTED}
WHERE project = $1 AND client = ANY($2::text[]) ORDER BY client
ON CONFLICT (project, client) DO UPDATE SET
    listed = true, name = excluded.name,
    search = lower(concat_ws(' ', excluded.client, excluded.name, array_to_string(held.customers, ' ')))
"""
DELETE = """
UPDATE directory SET version = version + 1, deleted = true, name = NULL, stakeholder_emails = '{}', domains = '{}',
    stripe_customers = '{}', updated_at = now()
WHERE project = $1 AND client = $2 AND NOT deleted
"""
FORGET_LISTED = "DELETE FROM clients WHERE project = $1 AND client = $2 AND record IS NULL"
UNLIST = """
UPDATE clients SET listed = false, name = client,
    search = lower(concat_ws(' ', client, client, array_to_string(customers, ' ')))
WHERE project = $1 AND client = $2
"""
CLAIMED_BY_OTHERS = """
SELECT claimed, client FROM directory_claims
WHERE project = $1 AND kind = 'customer' AND claimed = ANY($2::text[]) AND client <> ALL($3::text[])
"""
CLAIMING = """
SELECT DISTINCT client FROM directory_claims
WHERE project = $1 AND ((kind = 'customer' AND claimed = ANY($2::text[]))
                     OR (kind = 'email' AND claimed = ANY($3::text[]))
                     OR (kind = 'domain' AND claimed = ANY($4::text[])))
"""
UNPUBLISHED = f"""
SELECT project, deleted, {COLUMNS} FROM directory
WHERE published_version < version AND ($1::text IS NULL OR project = $1) AND ($2::text[] IS NULL OR client = ANY($2))
ORDER BY project, client LIMIT $3 FOR UPDATE
"""  # noqa: S608 – constants of ours
PUBLISHED = """
UPDATE directory AS held SET published_version = t.version
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (project, client, version)
WHERE held.project = t.project AND held.client = t.client AND held.published_version < t.version
"""


@dataclass(frozen=True, slots=True)
class Held:
    """An entry as it is stored."""

    entry: Entry
    version: int
    is_published: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What the streams are to be told of a client; `record` None: it is gone from the directory."""

    project: str
    client: str
    version: int
    record: DirectoryRecord | None
    updated_at: datetime


async def lock(connection: Connection, project: str) -> None:
    """Let one change of the project's directory at a time through, until the transaction ends."""
    await connection.execute(LOCK, project)


async def held(connection: Connection, project: str, clients: Sequence[str]) -> Mapping[str, Held]:
    """The entries of these clients, as far as there are any."""
    return {row["client"]: _held(row) for row in await connection.fetch(HELD, project, clients)}


async def one(connection: Connection, project: str, client: str) -> Held | None:
    """The entry of that client."""
    return (await held(connection, project, [client])).get(client)


async def store(connection: Connection, project: str, entries: Sequence[Entry]) -> list[str]:
    """Keep the entries, which must differ in client; gives the clients for which that changed anything."""
    rows = await connection.fetch(STORE, project, *_columns(entries))
    changed = [row["client"] for row in rows]
    if changed:
        for statement in (CLAIM_NOTHING, CLAIM, LIST):
            await connection.execute(statement, project, changed)
    return changed


async def unclaim(connection: Connection, project: str, clients: Sequence[str]) -> None:
    """Let go of what these claim: they are about to be stored anew, and may pass customers among them."""
    await connection.execute(CLAIM_NOTHING, project, clients)


async def delete(connection: Connection, project: str, client: str) -> bool:
    """Take the client out of the directory; its revenue stays where its customers go. False: it was not in it."""
    if await connection.execute(DELETE, project, client) == "UPDATE 0":
        return False
    await connection.execute(CLAIM_NOTHING, project, [client])
    await connection.execute(FORGET_LISTED, project, client)
    await connection.execute(UNLIST, project, client)
    return True


async def claimed_by_others(
    connection: Connection, project: str, customers: Iterable[str], clients: Sequence[str]
) -> Mapping[str, str]:
    """The clients other than these that have one of the customers by hand, by customer."""
    rows = await connection.fetch(CLAIMED_BY_OTHERS, project, list(customers), clients)
    return {row["claimed"]: row["client"] for row in rows}


async def assigned(connection: Connection, project: str, customer: str, client: str | None) -> list[Entry] | None:
    """The entries as they would be with the customer given to the client by hand, or to none; those that change only.
    None: that client is not in the directory."""
    holders = set((await claimed_by_others(connection, project, [customer], [])).values())
    entries = await held(connection, project, [*holders, *([] if client is None else [client])])
    if client is not None and client not in entries:
        return None
    losing = [each.entry for name, each in entries.items() if name in holders and name != client]
    changed = [_with(each, set(each.stripe_customers) - {customer}) for each in losing]
    if client is not None and client not in holders:
        entry = entries[client].entry
        changed.append(_with(entry, {*entry.stripe_customers, customer}))
    return changed


async def claiming(
    connection: Connection, project: str, customers: Sequence[str], emails: Sequence[str], domains: Sequence[str]
) -> list[str]:
    """The clients whose entries claim any of these."""
    return [row["client"] for row in await connection.fetch(CLAIMING, project, customers, emails, domains)]


async def unpublished(
    connection: Connection, project: str | None, clients: Sequence[str] | None, limit: int
) -> list[Change]:
    """What the streams may not have been told; held for this transaction, so that records of one client keep order."""
    return [_change(row) for row in await connection.fetch(UNPUBLISHED, project, clients, limit)]


async def published(connection: Connection, changes: Sequence[Change]) -> None:
    """The broker has these."""
    projects, clients = [each.project for each in changes], [each.client for each in changes]
    await connection.execute(PUBLISHED, projects, clients, [each.version for each in changes])


def rules_entry(entry: Entry) -> ClientEntry:
    """The entry as the rules of mapping read it."""
    return ClientEntry(
        ClientId(entry.client),
        entry.stakeholder_emails,
        entry.domains,
        tuple(CustomerId(each) for each in entry.stripe_customers),
    )


def _with(entry: Entry, customers: Iterable[str]) -> Entry:
    return replace(entry, stripe_customers=tuple(sorted(customers)))


def _columns(entries: Sequence[Entry]) -> list[list[str | None]]:
    return [
        [each.client for each in entries],
        [each.name for each in entries],
        [SEPARATOR.join(each.stakeholder_emails) for each in entries],
        [SEPARATOR.join(each.domains) for each in entries],
        [SEPARATOR.join(each.stripe_customers) for each in entries],
    ]


def _entry(row: asyncpg.Record) -> Entry:
    lists = (tuple(row[name]) for name in ("stakeholder_emails", "domains", "stripe_customers"))
    return Entry(row["client"], row["name"], *lists)


def _held(row: asyncpg.Record) -> Held:
    return Held(_entry(row), row["version"], row["published_version"] >= row["version"], row["updated_at"])


def _change(row: asyncpg.Record) -> Change:
    project, version = row["project"], row["version"]
    record = None if row["deleted"] else _entry(row).record(project, version, row["updated_at"])
    return Change(project, row["client"], version, record, row["updated_at"])
