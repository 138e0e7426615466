"""What is older than a project keeps goes; current state and totals stay as they are."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import asyncpg
import pytest

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind, Reason
from libs.domain.policy import Policy
from services.api.retention import purge, purge_project
from tests.api.builders import (
    client_delivery,
    client_record,
    event_delivery,
    movement_delivery,
    movement_record,
    stripe_record,
)
from tests.api.calling import Api

SETTINGS = "/api/integrations/stripe/settings"
NOW = datetime.now(UTC).replace(microsecond=0)
SUMS = """
SELECT measure, day, edge, currency, label, den, num, n FROM ledger_cells WHERE num <> 0 OR n <> 0
ORDER BY 1, 2, 3, 4, 5, 6
"""


def moved(days_ago: int, before: int, after: int, kind: MovementKind = MovementKind.EXPANSION) -> Movement:
    return Movement(
        id=f"mov_{days_ago}",
        client=ClientId("acme"),
        kind=kind,
        currency=Currency("usd"),
        before=Fraction(before),
        after=Fraction(after),
        occurred_at=NOW - timedelta(days=days_ago),
        reason=Reason.OTHER,
    )


LEDGER = [moved(90, 0, 100, MovementKind.NEW), moved(60, 100, 300), moved(40, 300, 250, MovementKind.CONTRACTION)]
LATER = [moved(10, 250, 400), moved(1, 400, 0, MovementKind.CHURN)]


async def rows(api: Api, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(api.database_url)
    found = [tuple(row) for row in await connection.fetch(query)]
    await connection.close()
    return found


async def told(api: Api, *movements: Movement) -> None:
    await api.holds(*(movement_delivery(movement_record(each)) for each in movements))


async def versions(api: Api) -> None:
    """A customer's e-mail changed every ten days."""
    for days in (50, 40, 35, 20, 5):
        content: dict[str, object] = {"object": "customer", "id": "cus_1", "email": f"ann{days}@acme.com"}
        at = NOW - timedelta(days=days)
        await api.holds(
            event_delivery(stripe_record("customer.updated", content, event_id=f"evt_{days}", at=at, rank=3))
        )


async def test_figures_stay_when_old_records_go(api: Api) -> None:
    await api.holds(client_delivery(client_record("acme")))
    await versions(api)
    await told(api, *LEDGER, *LATER)
    metrics, sums = (await api.get("/api/metrics")).content, await rows(api, SUMS)
    clients = (await api.get("/api/clients")).content
    await api.patch(SETTINGS, {"retention_tier": "30_days"})
    await purge(api.parts.database, NOW)
    assert (await api.get("/api/metrics")).content["metrics"] == metrics["metrics"]
    assert (await api.get("/api/clients")).content["data"] == clients["data"]
    assert await rows(api, SUMS) == sums
    ages = [(NOW - at).days for (at,) in await rows(api, "SELECT created FROM object_versions ORDER BY created")]
    assert ages == [35, 20, 5], "the last before the time, and what came since"
    held = [each["id"] for each in (await api.get("/api/mrr/movements")).field("data")]
    assert held == ["mov_1", "mov_10", "mov_90"]
    (first,) = [each for each in (await api.get("/api/mrr/movements")).field("data") if each["id"] == "mov_90"]
    shown = {"amount": "2.50", "currency": "usd"}
    assert (first["amount"], first["after"], first["estimated"]) == (shown, shown, True)


async def test_what_comes_after_a_purge_adds_up_as_without_it(api: Api, other_project: str) -> None:
    await told(api, *LEDGER)
    await purge_project(api.parts.database, "acme", Policy(), NOW - timedelta(days=30))
    await told(api, *LATER, *LATER)
    purged = await rows(api, SUMS)
    connection = await asyncpg.connect(api.database_url)
    await connection.execute("TRUNCATE movements, ledger_cells, ledgers")
    await connection.close()
    await told(api, *LEDGER, *LATER)
    assert await rows(api, SUMS) == purged


@pytest.mark.parametrize("tier", ["unlimited", "3_days"])
async def test_the_ledger_is_purged_only_where_it_is_closed(api: Api, tier: str) -> None:
    await told(api, *LEDGER, *LATER)
    await api.patch(SETTINGS, {"retention_tier": tier, "policy": {"late_window_days": None}})
    await purge(api.parts.database, NOW)
    assert len(await rows(api, "SELECT id FROM movements")) == 5


async def test_a_project_is_purged_once_a_day(api: Api) -> None:
    await told(api, *LEDGER)
    await api.patch(SETTINGS, {"retention_tier": "30_days"})
    await purge(api.parts.database, NOW)
    await versions(api)
    await purge(api.parts.database, NOW)
    assert len(await rows(api, "SELECT digest FROM object_versions")) == 5


async def test_one_project_is_purged_by_its_own_tier(api: Api, other_project: str) -> None:
    theirs = await api.as_project(other_project)
    await told(api, *LEDGER)
    await versions(api)
    await theirs.patch(SETTINGS, {"retention_tier": "3_days"})
    await purge(api.parts.database, NOW)
    assert len(await rows(api, "SELECT digest FROM object_versions")) == 5
    assert len(await rows(api, "SELECT id FROM movements")) == 3
