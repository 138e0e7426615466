"""Several accounts in one project, one of them disconnected or of the other mode: none touches the others."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from libs.runtime.postgres import pool
from services.ingest.postgres_projects import PostgresProjects
from services.ingest.projects import Ignored, Project, account_of
from tests.api.builders import client_delivery, client_record
from tests.api.calling import Answer, Api
from tests.api.oauth_rig import PATH, OAuthRig, oauth_rig
from tests.stripe_gateway.merchants import Merchant

FIRST, SECOND = "acct_first", "acct_second"


@pytest.fixture
async def rig(api: Api) -> AsyncIterator[OAuthRig]:
    async with oauth_rig(api, Merchant()) as made:
        for key in ("rk_live_first", "rk_live_second", "rk_test_first"):
            made.merchant.fake.server.access.keys[key] = None
        yield made


async def connect(rig: OAuthRig, account: str, key: str) -> Answer:
    """Connect by a key of this account: the fake is one account at a time."""
    world = rig.merchant.fake.world
    world.settings = replace(world.settings, account=account)
    return await rig.api.post(f"{PATH}/key", {"key": key, "label": account})


async def shown(rig: OAuthRig) -> dict[tuple[str, bool], dict[str, Any]]:
    connections = (await rig.api.get(f"{PATH}/status")).field("connections")
    return {(each["account"], each["livemode"]): each for each in connections}


async def known(rig: OAuthRig) -> Project:
    """The project as ingest sees it."""
    async with pool(rig.api.database_url, "test") as opened:
        found = await PostgresProjects(opened, rig.api.parts.keyring).find("acme")
    assert found is not None
    return found


async def test_one_of_two_is_disconnected_and_the_other_goes_on(rig: OAuthRig) -> None:
    first = await connect(rig, FIRST, "rk_live_first")
    second = await connect(rig, SECOND, "rk_live_second")
    assert (await rig.api.delete(f"{PATH}?connection={first.field('connection', 'id')}")).status == 204
    found = await shown(rig)
    assert {account: each["state"] for (account, _), each in found.items()} == {
        FIRST: "disconnected",
        SECOND: "active",
    }
    assert found[FIRST, True]["next_sync"] is None
    assert found[SECOND, True]["next_sync"] is not None
    runs = {run["connection"]: run["state"] for run in (await rig.api.get(f"{PATH}/syncs")).field("data")}
    assert sorted(runs.values()) == ["cancelled", "queued"]
    assert runs[second.field("connection", "id")] == "queued"
    project = await known(rig)
    assert account_of(project, FIRST, livemode=True) is Ignored.DISCONNECTED
    assert account_of(project, SECOND, livemode=True) == SECOND
    assert account_of(project, None, livemode=True) == SECOND  # just one could be meant
    again = await connect(rig, FIRST, "rk_live_first")
    assert again.field("connection", "id") == first.field("connection", "id")


async def test_modes_of_one_account_are_two_connections(rig: OAuthRig) -> None:
    await connect(rig, FIRST, "rk_live_first")
    await connect(rig, FIRST, "rk_test_first")
    found = await shown(rig)
    assert set(found) == {(FIRST, True), (FIRST, False)}
    test_mode = found[FIRST, False]["id"]
    assert (await rig.api.delete(f"{PATH}?connection={test_mode}")).status == 204
    project = await known(rig)
    assert account_of(project, FIRST, livemode=False) is Ignored.DISCONNECTED
    assert account_of(project, FIRST, livemode=True) == FIRST


async def test_event_of_a_mode_that_is_not_connected_is_not_mixed_in(rig: OAuthRig) -> None:
    await connect(rig, FIRST, "rk_live_first")
    assert account_of(await known(rig), FIRST, livemode=False) is Ignored.WRONG_MODE


async def test_totals_are_of_one_mode_and_say_which(rig: OAuthRig) -> None:
    test_only = client_record("customer:cus_t", exact={"usd": "99900"}, livemode=False, customers=("cus_t",))
    await rig.api.holds(client_delivery(test_only))
    before = (await rig.api.get("/api/metrics")).content
    assert (before["livemode"], before["metrics"]["stripe_mrr"]["amount"]) == (False, "999.00")
    await rig.api.holds(client_delivery(client_record("customer:cus_l", exact={"usd": "1000"}, customers=("cus_l",))))
    live = (await rig.api.get("/api/metrics")).content
    assert (live["livemode"], live["metrics"]["stripe_mrr"]["amount"]) == (True, "10.00")
    clients = (await rig.api.get("/api/clients")).field("data")
    assert [each["client"] for each in clients] == ["customer:cus_l"]
