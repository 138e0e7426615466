"""Rewrites ledgers in the background when a project's policy or zone has changed, and shows them when they are done."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import asyncpg
import msgspec
import structlog

from libs.domain.policy import Policy, policy_of
from libs.runtime.postgres import UNREACHABLE
from libs.wire.movement_codec import Books
from libs.wire.records import MovementRecord
from services.api.database import Connection, Database
from services.api.queries import projects
from services.api.read_model import generations, movements
from services.api.read_model.generations import Building, Standing
from services.api.read_model.movements import Place, movement_row
from services.api.refolding import Past, refold
from services.api.segmenting import sweep_segments

AT_ONCE = 20
IDLE_SECONDS = 3.0
AGAIN_SECONDS = 15.0
# These say how figures are told, not what the ledger holds.
NOT_COUNTING = frozenset({"churn_formula", "subscriber_churn_formula", "fx"})
log = structlog.get_logger(__name__)


async def keep_ledgers(database: Database) -> None:
    """For ever; several processes take turns. Segments with new thresholds are counted by the way."""
    while True:
        try:
            await sweep_segments(database)
            done = await rewrite_some(database, datetime.now(UTC))
        except (*UNREACHABLE, asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
            log.warning("ledgers_wait", reason=repr(error), retry_seconds=AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        if not done:
            await asyncio.sleep(IDLE_SECONDS)


async def rewrite_some(database: Database, now: datetime, at_once: int = AT_ONCE) -> bool:
    """One step for each ledger that has to be rewritten; False where none has."""
    async with database.every_project() as connection:
        standings = await generations.standings(connection)
    found = False
    for one in standings:
        policy = policy_of(one.preset, one.options)
        wanted = counting(policy)
        held = one.building or one.counted_by
        alike = held is None or is_alike(held, wanted, _open_since(policy, now))
        if alike and one.building is None and held != wanted:
            async with database.every_project() as connection:
                await generations.know(connection, one.project, wanted, one.version)
        elif not alike:
            await _begin(database, one, policy)
            found = True
        elif one.building is not None:
            await _step(database, one.project, now, at_once)
            found = True
    return found


class Counting(msgspec.Struct, frozen=True):
    """What a ledger's entries depend on: options, and rates by currency and day (no day: empty)."""

    options: dict[str, str]
    rates: dict[str, str]


def counting(policy: Policy) -> str:
    """What of a policy decides what the ledger holds, as it is kept beside it."""
    names = [one.name for one in fields(policy) if one.name not in NOT_COUNTING]
    options = {name: str(getattr(policy, name)) for name in names}
    rates = {f"{rate.currency}/{rate.day or ''}": str(rate.rate) for rate in policy.fx}
    return msgspec.json.encode(Counting(options, rates if policy.base_currency else {}), order="sorted").decode()


def is_alike(held: str, wanted: str, open_since: date) -> bool:
    """Whether a ledger counted by the one needs no rewriting for the other: rates of days that are still open make
    entries that the streams tell."""
    before, after = (msgspec.json.decode(text, type=Counting) for text in (held, wanted))
    changed = dict(before.rates.items() ^ after.rates.items())
    days = [place.partition("/")[2] for place in changed]
    return before.options == after.options and all(day >= open_since.isoformat() for day in days)


def _open_since(policy: Policy, now: datetime) -> date:
    return (now - (policy.late_window or timedelta(0))).date() + timedelta(days=1)


async def _begin(database: Database, standing: Standing, policy: Policy) -> None:
    log.info("ledger_rewriting", project=standing.project, settings=standing.version)
    async with database.every_project() as connection:
        await generations.building(connection, standing.project)
        await generations.begin(connection, standing.project, policy.timezone, counting(policy), standing.version)


async def _step(database: Database, project: str, now: datetime, at_once: int) -> None:
    """Some clients more; after the last one the new generation is shown and the old one dropped."""
    async with database.every_project() as connection:
        at = await generations.building(connection, project)
        if at is None:
            return
        clients = await generations.following(connection, project, at, at_once)
        if clients:
            await _rewrite(connection, project, at, clients, now)
            await generations.passed(connection, project, clients)
            return
        shown = await generations.show(connection, project)
        log.info("ledger_rewritten", project=project, generation=shown)
    async with database.every_project() as connection:
        await generations.forget(connection, project, shown)


async def _rewrite(connection: Connection, project: str, at: Building, clients: Sequence[str], now: datetime) -> None:
    """These clients' ledgers in the new generation. What was told under the new settings stands above the refolded."""
    policy = (await projects.settings(connection, project)).policy()
    told = await generations.told_since(connection, project, at, clients)
    members = await generations.members(connection, project, clients, at.shown)
    names = sorted({customer for _, _, customer in members})
    records = await generations.records(connection, project, names)
    belongings = await generations.belongings(connection, project, names)
    rows: list[MovementRecord] = []
    for client, livemode in sorted({(client, livemode) for client, livemode, _ in members}):
        pasts = [
            Past(customer, records[customer], belongings.get(customer, ()))
            for each, mode, customer in members
            if (each, mode) == (client, livemode)
        ]
        books = Books(project, client, livemode, at.settings, policy)
        rows += await asyncio.to_thread(refold, pasts, books, now)
    targets = list(_targets([*rows, *told], at))
    await movements.put(connection, targets, {project: {at.building: at.timezone}})


def _targets(records: Sequence[MovementRecord], at: Building) -> Iterator[tuple[Place, movements.MovementRow]]:
    for record in records:
        yield Place(record.project, record.livemode, record.client, at.building), movement_row(record)
