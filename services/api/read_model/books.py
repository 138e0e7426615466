"""Which generation of a project's ledger is shown, in which zone its days are, and which is being built beside it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import asyncpg

from services.api.database import Connection

# The row is locked until the batch is committed: whoever builds the next generation waits, and so do we for them.
OPEN = """
INSERT INTO ledgers (project, timezone, settings)
SELECT wanted.project, coalesce(policy ->> 'timezone', 'UTC'), coalesce(version, 0)
FROM unnest($1::text[]) AS wanted (project) LEFT JOIN project_settings USING (project)
ON CONFLICT DO NOTHING
"""
HELD = """
SELECT project, generation, timezone, settings, building, building_timezone, building_settings, built_up_to
FROM ledgers WHERE project = ANY($1::text[]) ORDER BY project FOR UPDATE
"""


@dataclass(frozen=True, slots=True)
class Volume:
    """One generation of a ledger: its number and the zone of its days."""

    generation: int
    timezone: str


@dataclass(frozen=True, slots=True)
class Book:
    """`next` is filled client by client, in the order of their ids, up to `built_up_to`."""

    shown: Volume
    settings: int = 0
    next: Volume | None = None
    next_settings: int = 0
    built_up_to: str = ""

    def volumes(self, client: str) -> tuple[Volume, ...]:
        """Where a change of this client's ledger has to be written."""
        if self.next is None or client > self.built_up_to:
            return (self.shown,)
        return self.shown, self.next


async def books(connection: Connection, projects: Collection[str]) -> Mapping[str, Book]:
    """The books of these projects, opened where they are new, and kept from others until the transaction ends."""
    names = sorted(set(projects))
    await connection.execute(OPEN, names)
    return {row["project"]: _book(row) for row in await connection.fetch(HELD, names)}


def _book(row: asyncpg.Record) -> Book:
    following = None if row["building"] is None else Volume(row["building"], row["building_timezone"])
    return Book(
        shown=Volume(row["generation"], row["timezone"]),
        settings=row["settings"],
        next=following,
        next_settings=row["building_settings"] or 0,
        built_up_to=row["built_up_to"] or "",
    )
