"""MRR under every preset as it is kept: what is due, sums, and the subscriptions that make the difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import msgspec

from libs.domain.policy import Policy, policy_of
from services.api.database import Connection
from services.api.definitions import REFERENCE, Answers, Defined

# Whoever takes a customer has it for so long; one that is told of meanwhile is due again.
TAKE = """
UPDATE definitions_due AS held SET due_at = $1::timestamptz + interval '5 minutes'
FROM (SELECT project, customer FROM definitions_due WHERE due_at <= $1 ORDER BY due_at LIMIT $2
      FOR UPDATE SKIP LOCKED) AS due
WHERE held.project = due.project AND held.customer = due.customer
RETURNING held.project, held.customer, held.due_at
"""
POLICIES = "SELECT project, preset, policy::text AS policy FROM project_settings WHERE project = ANY($1::text[])"
VERSIONS = """
SELECT project, customer, record FROM unnest($1::text[], $2::text[]) AS wanted (project, customer)
JOIN object_versions USING (project, customer) WHERE kind IN ('subscription', 'customer', 'discount')
"""
HELD = """
SELECT project, livemode, subscription, answers FROM unnest($1::text[], $2::text[]) AS wanted (project, customer)
JOIN definitions USING (project, customer)
"""
FORGET = """
DELETE FROM definitions AS held USING unnest($1::text[], $2::text[]) AS t (project, customer)
WHERE held.project = t.project AND held.customer = t.customer
"""
STORE = """
INSERT INTO definitions (project, livemode, subscription, customer, differs, answers)
SELECT * FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[], $5::bool[], $6::text[])
ON CONFLICT (project, livemode, subscription) DO UPDATE SET
    customer = excluded.customer, differs = excluded.differs, answers = excluded.answers
"""
ADD = """
INSERT INTO definition_sums AS held (project, livemode, preset, label, currency, den, num, n)
SELECT * FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[],
                     $8::bigint[])
ON CONFLICT (project, livemode, preset, label, currency, den) DO UPDATE SET
    num = held.num + excluded.num, n = held.n + excluded.n
"""
SETTLE = """
UPDATE definitions_due AS held SET due_at = coalesce(t.next_change, 'infinity')
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS t (project, customer, taken, next_change)
WHERE held.project = t.project AND held.customer = t.customer AND held.due_at = t.taken
"""
PENDING = "SELECT count(*) FROM definitions_due WHERE project = $1 AND due_at <= $2"
SUMS = """
SELECT preset, label, currency, den, num, n FROM definition_sums
WHERE project = $1 AND livemode = $2 AND (num <> 0 OR n <> 0)
"""
DIFFERING = """
SELECT subscription, customer, answers FROM definitions
WHERE project = $1 AND livemode = $2 AND differs AND subscription > $3 ORDER BY subscription LIMIT $4
"""
CUSTOMERS = "SELECT customer FROM definitions_due WHERE project = $1 AND customer > $2 ORDER BY customer LIMIT $3"
COUNT = "SELECT count(*) FROM definitions_due WHERE project = $1"
COUNTED = ""

SumKey = tuple[str, bool, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Due:
    """A customer to be told again; `taken` marks who has it."""

    project: str
    customer: str
    taken: datetime


@dataclass(frozen=True, slots=True)
class PresetSum:
    """A preset's sum in one currency: of all that counts (no label), or of what differs from the reference, by why."""

    preset: str
    label: str
    currency: str
    den: int
    num: int
    n: int


@dataclass(frozen=True, slots=True)
class Differing:
    subscription: str
    customer: str
    answers: Answers


async def take(connection: Connection, now: datetime, most: int) -> list[Due]:
    """Customers that are due, kept from other processes for a while."""
    rows = await connection.fetch(TAKE, now, most)
    return [Due(row["project"], row["customer"], row["due_at"]) for row in rows]


async def customers(connection: Connection, project: str, after: str, limit: int) -> list[str]:
    """Customers that subscriptions are stored of, by id, from the one after `after` on."""
    return [row["customer"] for row in await connection.fetch(CUSTOMERS, project, after, limit)]


async def count(connection: Connection, project: str) -> int:
    """How many customers subscriptions are stored of."""
    found: int = await connection.fetchval(COUNT, project)
    return found


async def policies(connection: Connection, projects: Iterable[str]) -> Mapping[str, Policy]:
    """What these projects have set; one that has set nothing is missing."""
    rows = await connection.fetch(POLICIES, sorted(set(projects)))
    return {row["project"]: policy_of(row["preset"], msgspec.json.decode(row["policy"])) for row in rows}


async def versions(connection: Connection, due: Sequence[Due]) -> Mapping[tuple[str, str], Sequence[bytes]]:
    """The stored versions of each of these customers."""
    found: dict[tuple[str, str], list[bytes]] = {(one.project, one.customer): [] for one in due}
    for row in await connection.fetch(VERSIONS, *_keys(due)):
        found[row["project"], row["customer"]].append(row["record"])
    return found


async def store(connection: Connection, told: Sequence[tuple[Due, Defined]]) -> None:
    """Keep what the presets say of these customers, and the sums with it."""
    due = [one for one, _ in told]
    sums: dict[SumKey, tuple[int, int]] = {}
    for row in await connection.fetch(HELD, *_keys(due)):
        _count(sums, (row["project"], row["livemode"]), msgspec.json.decode(row["answers"], type=Answers), -1)
    rows = [
        (one.project, defined.livemode, name, one.customer, answers.differ, msgspec.json.encode(answers).decode())
        for one, defined in told
        for name, answers in defined.subscriptions.items()
    ]
    for one, defined in told:
        for answers in defined.subscriptions.values():
            _count(sums, (one.project, defined.livemode), answers, 1)
    await connection.execute(FORGET, *_keys(due))
    if rows:
        await connection.execute(STORE, *(list(column) for column in zip(*rows, strict=True)))
    changed = [(*key[:5], str(key[5]), str(num), n) for key, (num, n) in sorted(sums.items()) if num or n]
    if changed:
        await connection.execute(ADD, *(list(column) for column in zip(*changed, strict=True)))
    settled = [one.taken for one in due], [defined.next_change for _, defined in told]
    await connection.execute(SETTLE, *_keys(due), *settled)


async def pending(connection: Connection, project: str, now: datetime) -> int:
    """How many customers are still to be told (again)."""
    found: int = await connection.fetchval(PENDING, project, now)
    return found


async def sums(connection: Connection, project: str, livemode: bool) -> list[PresetSum]:
    """All kept sums."""
    return [
        PresetSum(row["preset"], row["label"], row["currency"], int(row["den"]), int(row["num"]), row["n"])
        for row in await connection.fetch(SUMS, project, livemode)
    ]


async def differing(connection: Connection, project: str, livemode: bool, after: str, limit: int) -> list[Differing]:
    """Subscriptions that not all presets agree on, by id, from the one after `after` on."""
    return [
        Differing(row["subscription"], row["customer"], msgspec.json.decode(row["answers"], type=Answers))
        for row in await connection.fetch(DIFFERING, project, livemode, after, limit)
    ]


def _count(sums: dict[SumKey, tuple[int, int]], where: tuple[str, bool], answers: Answers, sign: int) -> None:
    reference = answers.by_preset[REFERENCE]
    for preset, answer in answers.by_preset.items():
        _add(sums, (*where, preset, COUNTED, answers.currency), sign * answer.amount, sign * answer.counted)
        difference = answer.amount - reference.amount
        if difference:
            label = f"{answer.rule}|{reference.rule}"
            _add(sums, (*where, preset, label, answers.currency), sign * difference, sign)


def _add(sums: dict[SumKey, tuple[int, int]], key: tuple[str, bool, str, str, str], amount: Fraction, n: int) -> None:
    full = *key, amount.denominator
    held = sums.get(full, (0, 0))
    sums[full] = held[0] + amount.numerator, held[1] + n


def _keys(due: Sequence[Due]) -> tuple[list[str], list[str]]:
    return [one.project for one in due], [one.customer for one in due]
