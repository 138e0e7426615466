"""What a platform was granted is given back, whatever Stripe says; connecting again goes on where it was."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.api.deauthorizing import follow, give_back_due
from tests.api.calling import Api
from tests.api.oauth_rig import DEAUTHORIZE, PATH, OAuthRig, oauth_rig
from tests.stripe_gateway.merchants import Merchant
from tests.waiting import until

AT_ONCE = "UPDATE deauthorizations SET next_try_at = now()"


@pytest.fixture
async def rig(api: Api) -> AsyncIterator[OAuthRig]:
    async with oauth_rig(api, Merchant()) as made:
        yield made


async def give_back(rig: OAuthRig) -> None:
    await give_back_due(rig.api.parts.database, rig.platform)


async def test_access_is_given_back_once(rig: OAuthRig) -> None:
    connection = (await rig.connected()).field("connection", "id")
    assert (await rig.api.delete(PATH)).status == 204
    assert rig.api.parts.given_back.is_set()
    await give_back(rig)
    await rig.rows(AT_ONCE)
    await give_back(rig)
    assert rig.merchant.calls(DEAUTHORIZE) == 1
    assert not rig.merchant.fake.server.access.connected
    told = [("connection.connected", connection), ("connection.disconnected", connection)]
    assert await rig.audited() == [*told, ("connection.deauthorized", connection)]


async def test_access_is_given_back_as_soon_as_it_is_wished(rig: OAuthRig) -> None:
    await rig.connected()
    following = asyncio.create_task(follow(rig.api.parts.database, rig.platform, rig.api.parts.given_back))
    try:
        await rig.api.delete(PATH)
        await until(lambda: rig.merchant.calls(DEAUTHORIZE) == 1, deadline=5)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_stripe_away_keeps_no_connection_alive_and_is_asked_again(rig: OAuthRig) -> None:
    await rig.connected()
    rig.merchant.fake.server.oauth.outage.mode = "error_500"
    assert (await rig.api.delete(PATH)).status == 204
    await give_back(rig)
    (shown,) = (await rig.api.get(f"{PATH}/status")).field("connections")
    assert shown["state"] == "disconnected"
    assert shown["deauthorization"]["done_at"] is None
    assert shown["deauthorization"]["tries"] == 1
    assert shown["deauthorization"]["last_error"]["code"] == "deauthorization_failed"
    assert shown["deauthorization"]["last_error"]["stripe_request_id"].startswith("req_")
    await give_back(rig)
    assert rig.merchant.calls(DEAUTHORIZE) == 1  # not before its time
    rig.merchant.fake.server.oauth.outage.mode = "none"
    await rig.rows(AT_ONCE)
    await give_back(rig)
    (shown,) = (await rig.api.get(f"{PATH}/status")).field("connections")
    assert (shown["deauthorization"]["tries"], shown["deauthorization"]["last_error"]) == (2, None)
    assert shown["deauthorization"]["done_at"].endswith("Z")
    assert not rig.merchant.fake.server.access.connected


async def test_account_connected_again_keeps_its_access_and_its_row(rig: OAuthRig) -> None:
    first = (await rig.connected()).field("connection")
    await rig.api.delete(PATH)
    again = (await rig.connected()).field("connection")
    assert again == first
    await give_back(rig)
    assert rig.merchant.calls(DEAUTHORIZE) == 0
    assert rig.merchant.fake.server.access.connected


async def test_another_projects_access_is_not_ended(rig: OAuthRig, other_project: str) -> None:
    stranger = await rig.api.as_project(other_project)
    await rig.connected()
    await rig.back(await rig.agreed(await rig.begun(stranger)))
    await rig.api.delete(PATH)
    await give_back(rig)
    assert rig.merchant.calls(DEAUTHORIZE) == 0
    await stranger.delete(PATH)
    await give_back(rig)
    assert rig.merchant.calls(DEAUTHORIZE) == 1


async def test_key_in_place_of_oauth_has_nothing_to_give_back(rig: OAuthRig) -> None:
    first = (await rig.connected()).field("connection", "id")
    by_key = await rig.api.post(f"{PATH}/key", {"key": "rk_test_fake"})
    assert by_key.field("connection", "id") == first
    await rig.api.delete(PATH)
    assert await rig.rows("SELECT FROM deauthorizations") == []


async def test_cursor_of_an_account_outlives_its_disconnection(rig: OAuthRig) -> None:
    connection = (await rig.connected()).field("connection", "id")
    await rig.rows(
        "INSERT INTO event_cursors (project, connection, polled_until, last_success_at)"
        " VALUES ('acme', $1, '2026-03-01', '2026-03-01')",
        connection,
    )
    await rig.api.delete(PATH)
    await rig.connected()
    (shown,) = (await rig.api.get(f"{PATH}/status")).field("connections")
    assert (shown["id"], shown["state"]) == (connection, "active")
    assert shown["polled_until"] == "2026-03-01T00:00:00Z"
