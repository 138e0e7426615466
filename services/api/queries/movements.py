"""Entries of the ledger: a page of them, newest first, or all of one client."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import asyncpg

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind, Reason
from libs.domain.value import value
from libs.wire.contribution_codec import exact_amount
from services.api.cursors import Position
from services.api.database import Connection
from services.api.queries.ledger import Scope

COLUMNS = """id, client, kind, currency, occurred_at, exact_before, exact_after, customer, subscription, reason,
    plan_change, cancellation_reason, cancellation_feedback, estimated, recorded_at, own, caused_by"""
HERE = "project = $1 AND livemode = $2 AND generation = $3"
OF_CLIENT = f"SELECT {COLUMNS} FROM movements WHERE {HERE} AND client = $4 ORDER BY occurred_at, id"  # noqa: S608
BY_ID = f"SELECT {COLUMNS} FROM movements WHERE {HERE} AND id = ANY($4::text[])"  # noqa: S608
STEPS = f"""
SELECT client, currency, occurred_at, exact_before, exact_after FROM movements
WHERE {HERE} AND client = ANY($4::text[]) AND occurred_at > $5 ORDER BY client, occurred_at, id
"""  # noqa: S608 – our own words
CURRENCIES = """
SELECT DISTINCT currency FROM ledger_cells
WHERE project = $1 AND livemode = $2 AND generation = $3 AND measure = 'moved_month'
"""


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Which entries; each None where it does not matter. From `since` on, before `until`."""

    since: datetime | None = None
    until: datetime | None = None
    client: str | None = None
    kind: str | None = None
    currency: str | None = None


@value(frozen=True, slots=True)
class MovementFound:
    """One entry as it is held, in the order of COLUMNS; `own` is JSON."""

    id: str
    client: str
    kind: str
    currency: str
    occurred_at: datetime
    exact_before: str
    exact_after: str
    customer: str | None
    subscription: str | None
    reason: str | None
    plan_change: str | None
    cancellation_reason: str | None
    cancellation_feedback: str | None
    estimated: bool
    recorded_at: datetime | None
    own: str
    caused_by: Sequence[str]

    @property
    def before(self) -> Fraction:
        return exact_amount(self.exact_before)

    @property
    def after(self) -> Fraction:
        return exact_amount(self.exact_after)


@dataclass(frozen=True, slots=True)
class Step:
    """What a client had before and after something moved, in one currency."""

    client: str
    currency: str
    at: datetime
    before: Fraction
    after: Fraction


async def steps(connection: Connection, scope: Scope, clients: Sequence[str], since: datetime) -> list[Step]:
    """What moved of these clients after an instant, the oldest first."""
    return [
        Step(
            row["client"],
            row["currency"],
            row["occurred_at"],
            *map(exact_amount, (row["exact_before"], row["exact_after"])),
        )
        for row in await connection.fetch(STEPS, *scope.key, clients, since)
    ]


async def page(
    connection: Connection, scope: Scope, wanted: MovementFilter, after: Position | None, limit: int
) -> list[MovementFound]:
    """Up to `limit` entries that follow the position, newest first."""
    values: list[object] = [*scope.key, limit]
    conditions = [HERE, *_conditions(wanted, values)]
    if after is not None:
        values += [datetime.fromisoformat(after.value), after.id]
        conditions.append(f"(occurred_at, id) < (${len(values) - 1}::timestamptz, ${len(values)}::text)")
    found = f"SELECT {COLUMNS} FROM movements WHERE {' AND '.join(conditions)}"  # noqa: S608 – our own words
    query = f"{found} ORDER BY occurred_at DESC, id DESC LIMIT $4"
    return [_found(row) for row in await connection.fetch(query, *values)]


async def of_client(connection: Connection, scope: Scope, client: str) -> tuple[Movement, ...]:
    """All entries of a client, oldest first, as the metrics take them."""
    rows = await connection.fetch(OF_CLIENT, *scope.key, client)
    return tuple(_movement(_found(row)) for row in rows)


async def by_id(connection: Connection, scope: Scope, ids: Sequence[str]) -> dict[str, MovementFound]:
    """These entries, by id."""
    return {row["id"]: _found(row) for row in await connection.fetch(BY_ID, *scope.key, ids)}


def _found(row: asyncpg.Record) -> MovementFound:
    return MovementFound(*row)


def _conditions(wanted: MovementFilter, values: list[object]) -> Iterator[str]:
    """A condition for each filter that is set, its value appended to `values`."""
    given = (
        ("occurred_at >= ${}::timestamptz", wanted.since),
        ("occurred_at < ${}::timestamptz", wanted.until),
        ("client = ${}::text", wanted.client),
        ("kind = ${}::text", wanted.kind),
        ("currency = ${}::text", wanted.currency),
    )
    for condition, sought in given:
        if sought is not None:
            values.append(sought)
            yield condition.format(len(values))


def _movement(found: MovementFound) -> Movement:
    return Movement(
        id=found.id,
        client=ClientId(found.client),
        kind=MovementKind(found.kind),
        currency=Currency(found.currency),
        before=found.before,
        after=found.after,
        occurred_at=found.occurred_at,
        reason=Reason.OTHER if found.reason is None else Reason(found.reason),
        estimated=found.estimated,
    )
