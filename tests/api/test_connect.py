"""Connecting by restricted key over HTTP, against the fake Stripe."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from libs.fake_stripe.rest.outage import Mode
from libs.runtime.api_keys import Scope
from libs.runtime.crypto import Sealed, credential_place
from libs.runtime.health import Readiness
from libs.runtime.postgres import pool
from services.api.edge import Address, site
from services.api.site import application
from services.ingest.postgres_projects import PostgresProjects
from services.ingest.projects import Ignored, account_of
from tests.api.builders import event_delivery, stripe_record
from tests.api.calling import Answer, Api
from tests.stripe_gateway.merchants import Merchant

KEY = "rk_live_0123456789abcdef"
PATH = "/api/integrations/stripe"
ALL = {"account", "subscriptions", "customers", "prices", "coupons"}


@pytest.fixture
def merchant() -> Merchant:
    made = Merchant()
    made.fake.server.access.keys[KEY] = None
    return made


@pytest.fixture
async def api(api: Api, merchant: Merchant) -> AsyncIterator[Api]:
    """The API with this merchant's Stripe behind it."""
    async with merchant.served() as stripe:
        parts = replace(api.parts, stripe=stripe)
        async with site(application(parts, Readiness()), Address("127.0.0.1", 0)) as port:
            yield replace(api, url=f"http://127.0.0.1:{port}", parts=parts)


async def connected(api: Api, key: str = KEY) -> Answer:
    return await api.post(f"{PATH}/key", {"key": key, "label": "shop"})


async def rows(api: Api, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(api.database_url)
    try:
        await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
        found: list[asyncpg.Record] = await connection.fetch(query)
        return found
    finally:
        await connection.close()


async def test_good_key_connects_its_account_and_asks_for_the_first_sync(api: Api, merchant: Merchant) -> None:
    answer = await connected(api)
    assert answer.status == 201
    assert answer.field("connection", "account") == merchant.fake.world.settings.account
    assert answer.field("connection", "livemode") is True
    assert answer.field("connection", "name") == "shop"
    assert {each["resource"] for each in answer.field("permissions") if each["read"]} >= ALL
    assert all(each["needed_for"] for each in answer.field("permissions"))
    run = answer.field("run")
    assert (run["mode"], run["state"], run["resources"]) == ("initial", "queued", [])
    assert (await api.get(f"{PATH}/syncs/{run['id']}")).content == {"run": run}
    assert (await api.get(f"{PATH}/syncs")).field("data") == [run]


async def test_key_is_stored_sealed_for_its_row_and_never_told(api: Api) -> None:
    answer = await connected(api)
    assert "0123456789abcdef" not in str(answer.content)
    (row,) = await rows(api, "SELECT * FROM connections")
    assert b"0123456789" not in bytes(row["credential"])
    place = credential_place(row["project"], row["id"])
    assert api.parts.keyring.decrypt(Sealed(row["key_id"], row["credential"]), place) == KEY.encode()


async def test_connecting_again_renews_the_key_in_the_same_row(api: Api, merchant: Merchant) -> None:
    merchant.fake.server.access.keys["rk_live_another_key"] = None
    first, second = await connected(api), await connected(api, "rk_live_another_key")
    assert first.field("connection") == second.field("connection")
    assert first.field("run", "id") == second.field("run", "id")
    (row,) = await rows(api, "SELECT * FROM connections")
    sealed = Sealed(row["key_id"], row["credential"])
    assert api.parts.keyring.decrypt(sealed, credential_place(row["project"], row["id"])) == b"rk_live_another_key"


async def test_live_and_test_mode_of_an_account_are_two_connections(api: Api) -> None:
    first, second = await connected(api), await connected(api, "rk_test_fake")
    assert first.field("connection", "id") != second.field("connection", "id")
    assert second.field("connection", "livemode") is False


@pytest.mark.parametrize(
    ("key", "code"),
    [
        pytest.param("sk_live_0123456789", "secret_key_refused", id="secret key"),
        pytest.param("sk_test_fake", "secret_key_refused", id="secret test key"),
        pytest.param("pk_live_0123456789", "not_a_restricted_key", id="publishable key"),
        pytest.param("rk_live_", "not_a_restricted_key", id="nothing behind the prefix"),
        pytest.param("rk_0123456789", "not_a_restricted_key", id="no mode"),
        pytest.param("", "invalid_body", id="empty"),
        pytest.param("rk_live_a b", "invalid_body", id="a space within"),
        pytest.param("rk_live_unknown_to_stripe", "stripe_key_invalid", id="unknown at Stripe"),
    ],
)
async def test_other_keys_are_refused_with_the_reason(api: Api, merchant: Merchant, key: str, code: str) -> None:
    answer = await connected(api, key)
    assert (answer.status, answer.field("code")) == (400, code)
    assert answer.field("errors")[0]["field"] == "key"
    assert len(key) < 10 or key not in str(answer.content)
    assert len(merchant.fake.server.calls) == (1 if code == "stripe_key_invalid" else 0)
    assert await rows(api, "SELECT * FROM connections") == []


@pytest.mark.parametrize("lacking", sorted(ALL))
async def test_key_that_may_not_read_enough_is_refused_with_the_table(
    api: Api, merchant: Merchant, lacking: str
) -> None:
    merchant.fake.server.access.keys[KEY] = frozenset(ALL - {lacking})
    answer = await connected(api)
    assert (answer.status, answer.field("code")) == (400, "permissions_missing")
    assert [each["field"] for each in answer.field("errors")] == [f"permissions.{lacking}"]
    assert {each["resource"] for each in answer.field("permissions") if each["read"]} == ALL - {lacking}


async def test_key_without_the_rest_connects_and_tells_what_will_not_work(api: Api, merchant: Merchant) -> None:
    merchant.fake.server.access.keys[KEY] = frozenset(ALL)
    answer = await connected(api)
    assert answer.status == 201
    assert {each["resource"] for each in answer.field("permissions") if each["read"]} == ALL


@pytest.mark.parametrize("mode", ["error_500", "rate_limit_429", "cut_body"])
async def test_stripe_away_is_not_the_fault_of_the_key(api: Api, merchant: Merchant, mode: Mode) -> None:
    merchant.fake.server.outage.mode = mode
    answer = await connected(api)
    assert (answer.status, answer.field("code")) == (503, "not_now")
    assert "Retry-After" in answer.headers


async def test_second_sync_waits_for_the_first(api: Api) -> None:
    run = (await connected(api)).field("run")
    answer = await api.post(f"{PATH}/sync", {"mode": "full"})
    assert (answer.status, answer.field("code")) == (409, "sync_running")
    assert answer.field("run") == run
    await rows(api, "UPDATE sync_runs SET state = 'succeeded', finished_at = now()")
    answer = await api.post(f"{PATH}/sync", {"mode": "full", "connection": run["connection"]})
    assert (answer.status, answer.field("run", "mode")) == (202, "full")


async def test_list_of_syncs_has_pages(api: Api) -> None:
    made = [(await connected(api)).field("run", "id"), (await connected(api, "rk_test_fake")).field("run", "id")]
    first = await api.get(f"{PATH}/syncs?limit=1")
    second = await api.get(f"{PATH}/syncs?limit=1&cursor={first.field('next_cursor')}")
    assert [page.field("data")[0]["id"] for page in (first, second)] == made[::-1]
    assert second.field("next_cursor") is None


async def test_sync_needs_one_connection(api: Api) -> None:
    assert (await api.post(f"{PATH}/sync", {"mode": "full"})).field("code") == "not_connected"
    await connected(api)
    await connected(api, "rk_test_fake")
    assert (await api.post(f"{PATH}/sync", {"mode": "full"})).field("code") == "connection_not_named"
    answer = await api.post(f"{PATH}/sync", {"mode": "full", "connection": "con_none"})
    assert answer.status == 404
    assert (await api.post(f"{PATH}/sync", {"mode": "sometimes"})).status == 400


async def test_disconnecting_forgets_the_key_cancels_the_sync_and_keeps_what_was_read(api: Api) -> None:
    run = (await connected(api)).field("run")
    await api.holds(event_delivery(stripe_record()))
    assert (await api.delete(PATH)).status == 204
    (row,) = await rows(api, "SELECT * FROM connections")
    assert (row["state"], row["credential"], row["key_id"]) == ("disconnected", None, None)
    assert row["disconnected_at"] is not None
    assert (await api.get(f"{PATH}/syncs/{run['id']}")).field("run", "state") == "cancelled"
    assert len(await rows(api, "SELECT * FROM object_versions")) == 1
    assert (await api.get(f"{PATH}/status")).field("connections")[0]["state"] == "disconnected"
    assert (await api.post(f"{PATH}/sync", {"mode": "full"})).field("code") == "not_connected"
    assert (await api.delete(PATH)).field("code") == "not_connected"


async def test_connecting_the_account_again_goes_on_in_the_same_row(api: Api) -> None:
    first = (await connected(api)).field("connection")
    await api.delete(PATH)
    again = await connected(api)
    assert again.field("connection") == first
    assert again.field("run", "state") == "queued"
    (row,) = await rows(api, "SELECT * FROM connections")
    assert (row["state"], row["disconnected_at"]) == ("active", None)


async def test_of_several_connections_the_one_to_end_is_named(api: Api, other_project: str) -> None:
    first, second = [(await connected(api, key)).field("connection", "id") for key in (KEY, "rk_test_fake")]
    assert (await api.delete(PATH)).field("code") == "connection_not_named"
    stranger = await api.as_project(other_project)
    assert (await stranger.delete(f"{PATH}?connection={first}")).status == 404
    assert (await api.delete(f"{PATH}?connection={first}")).status == 204
    assert (await api.delete(f"{PATH}?connection={first}")).status == 404
    states = {each["id"]: each["state"] for each in (await api.get(f"{PATH}/status")).field("connections")}
    assert states == {first: "disconnected", second: "active"}


async def test_ingest_is_told_and_takes_no_webhook_of_a_disconnected_account(api: Api) -> None:
    account = (await connected(api)).field("connection", "account")
    heard = asyncio.Event()
    listener = await asyncpg.connect(api.database_url)
    await listener.add_listener("revstream_connections", lambda *_news: heard.set())
    await api.delete(PATH)
    await asyncio.wait_for(heard.wait(), 5)
    await listener.close()
    async with pool(api.database_url, "test") as opened:
        project = await PostgresProjects(opened, api.parts.keyring).find("acme")
    assert project is not None
    assert account_of(project, None, livemode=True) is Ignored.DISCONNECTED
    assert account_of(project, account, livemode=True) is Ignored.DISCONNECTED


async def test_projects_do_not_see_each_other(api: Api, other_project: str) -> None:
    run = (await connected(api)).field("run")
    stranger = await api.as_project(other_project)
    assert (await stranger.get(f"{PATH}/syncs/{run['id']}")).status == 404
    assert (await stranger.get(f"{PATH}/syncs")).field("data") == []
    answer = await stranger.post(f"{PATH}/sync", {"mode": "full", "connection": run["connection"]})
    assert answer.status == 404


async def test_scopes_are_held(api: Api) -> None:
    reader = await api.as_project("acme", Scope.READ)
    assert (await connected(reader)).status == 403
    assert (await reader.post(f"{PATH}/sync", {"mode": "full"})).status == 403
    assert (await reader.get(f"{PATH}/syncs")).status == 200
