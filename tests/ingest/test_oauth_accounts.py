"""Accounts connected by OAuth: read with the platform's key, until Stripe or a person says that it is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from libs.runtime.audit_log import chain_faults
from libs.runtime.crypto import Keyring, generate_key
from libs.stripe_gateway import Platform, StripeAccount, StripeApi, StripeRefused
from libs.stripe_gateway.oauth import redeemed
from services.ingest.accounts import Accounts
from services.ingest.edge_health import EdgeHealth
from services.ingest.postgres_accounts import PostgresCredentials
from services.ingest.postgres_projects import PostgresProjects
from tests.ingest.desk import Desk, opened_desk
from tests.ingest.stripe_rig import SCOPE
from tests.stripe_gateway.merchants import Merchant

PLATFORM_KEY = "sk_test_platform"
CONNECT = """
INSERT INTO connections (project, id, account, livemode, state, method, scope)
VALUES ('p1', 'con_1', $1, $2, 'active', 'oauth', 'read_only')
"""
QUEUED = """
INSERT INTO sync_runs (project, id, connection, mode, state) VALUES ('p1', 'syn_1', 'con_1', 'initial', 'queued')
"""


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with opened_desk(database) as made:
        yield made


@pytest.fixture
def merchant() -> Merchant:
    made = Merchant()
    made.fake.world.settings = replace(made.fake.world.settings, account=SCOPE[1], livemode=SCOPE[2])
    return made


async def authorized(desk: Desk, merchant: Merchant, api: StripeApi) -> None:
    """The account is connected by OAuth, at Stripe and here."""
    await desk.connection.execute(CONNECT, *SCOPE[1:])
    await redeemed(Platform("ca_fake", PLATFORM_KEY, api.base), merchant.fake.server.oauth.agreed())


def credentials(desk: Desk, platform_key: str | None = PLATFORM_KEY) -> PostgresCredentials:
    return PostgresCredentials(desk.store.pool, desk.store.keys, platform_key)


@asynccontextmanager
async def reading(source: PostgresCredentials, api: StripeApi) -> AsyncIterator[Accounts]:
    """The accounts, closed after the block."""
    accounts = Accounts(source, api, lambda: None)
    following = asyncio.create_task(accounts.follow())
    try:
        await accounts.refresh()
        yield accounts
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def opened(accounts: Accounts) -> StripeAccount:
    found = accounts.reader(SCOPE)
    assert found is not None
    return found


async def actions(desk: Desk) -> list[str]:
    """What the audit log tells; its chain holds."""
    rows = await desk.connection.fetch("SELECT action FROM audit_log ORDER BY number")
    assert await chain_faults(desk.connection) == []
    return [row["action"] for row in rows]


async def test_platform_reads_the_account_in_its_name(desk: Desk, merchant: Merchant) -> None:
    async with merchant.served() as api:
        await authorized(desk, merchant, api)
        async with reading(credentials(desk), api) as accounts:
            assert await opened(accounts).identifier() == SCOPE[1]


async def test_access_that_stripe_refuses_is_revoked(desk: Desk, merchant: Merchant) -> None:
    async with merchant.served() as api:
        await authorized(desk, merchant, api)
        async with reading(credentials(desk), api) as accounts:
            merchant.fake.server.access.connected = False
            with pytest.raises(StripeRefused) as refused:
                await opened(accounts).identifier()
            assert await accounts.refused(SCOPE, refused.value)
    state, error = await desk.said("connections", "con_1")
    assert (state, error["code"]) == ("revoked", "access_revoked")
    assert error["stripe_request_id"].startswith("req_")
    assert await actions(desk) == ["connection.revoked"]


async def test_platform_key_that_is_refused_is_not_the_accounts_fault(desk: Desk, merchant: Merchant) -> None:
    async with merchant.served() as api:
        await authorized(desk, merchant, api)
        async with reading(credentials(desk, "sk_test_rolled"), api) as accounts:
            with pytest.raises(StripeRefused) as refused:
                await opened(accounts).identifier()
            await accounts.refused(SCOPE, refused.value)
            state, error = await desk.said("connections", "con_1")
            assert (state, error["code"]) == ("error", "platform_key_refused")
            assert "STRIPE_SECRET_KEY" in error["hint"]
            await accounts.refresh()
            assert accounts.reader(SCOPE) is None  # not tried again with the same key
        async with reading(credentials(desk), api) as accounts:
            assert await opened(accounts).identifier() == SCOPE[1]
    assert (await desk.said("connections", "con_1"))[0] == "active"


async def test_missing_platform_key_is_told_and_comes_back(desk: Desk, merchant: Merchant) -> None:
    async with merchant.served() as api:
        await authorized(desk, merchant, api)
        async with reading(credentials(desk, None), api) as accounts:
            assert accounts.reader(SCOPE) is None
            await accounts.refresh()
        state, error = await desk.said("connections", "con_1")
        assert (state, error["code"]) == ("error", "platform_key_missing")
        async with reading(credentials(desk), api) as accounts:
            opened(accounts)
    assert await desk.said("connections", "con_1") == ("active", None)
    assert await actions(desk) == ["credential.unreadable", "credential.readable"]


async def test_news_of_the_end_revokes_and_calls_the_sync_off(desk: Desk) -> None:
    await desk.connection.execute(CONNECT, *SCOPE[1:])
    await desk.connection.execute(QUEUED)
    await credentials(desk).revoked(SCOPE, datetime.now(UTC) + timedelta(seconds=1))
    assert (await desk.said("connections", "con_1"))[0] == "revoked"
    assert (await desk.said("sync_runs", "syn_1"))[1]["code"] == "access_revoked"
    project = await PostgresProjects(desk.store.pool, desk.store.keys).find("p1")
    assert project is not None
    assert [each.is_live for each in project.accounts] == [False]
    assert await actions(desk) == ["connection.revoked"]


@pytest.mark.parametrize(
    ("change", "scope"),
    [
        pytest.param("authorized_at = now() + interval '1 hour'", SCOPE, id="news from before it was connected again"),
        pytest.param("method = 'key'", SCOPE, id="connected by a key of its own"),
        pytest.param("state = 'disconnected'", SCOPE, id="disconnected already"),
        pytest.param("state = 'active'", ("p1", "acct_other", SCOPE[2]), id="another account"),
        pytest.param("state = 'active'", ("p1", SCOPE[1], not SCOPE[2]), id="another mode"),
        pytest.param("state = 'active'", ("p2", *SCOPE[1:]), id="another project"),
    ],
)
async def test_news_of_something_else_change_nothing(desk: Desk, change: str, scope: tuple[str, str, bool]) -> None:
    await desk.connection.execute(CONNECT, *SCOPE[1:])
    await desk.connection.execute(f"UPDATE connections SET {change}")
    before = (await desk.said("connections", "con_1"))[0]
    await credentials(desk).revoked(scope, datetime.now(UTC))
    assert (await desk.said("connections", "con_1"))[0] == before
    assert await actions(desk) == []


async def test_key_that_does_not_decrypt_is_told_once_and_works_when_it_does_again(
    desk: Desk, merchant: Merchant
) -> None:
    lost = Keyring.parse(generate_key())
    await desk.connect(keys=lost)
    async with merchant.served() as api:
        async with reading(credentials(desk), api) as accounts:
            await accounts.refresh()
            assert accounts.reader(SCOPE) is None
        assert (await desk.said("connections", "con_1"))[1]["code"] == "credential_unreadable"
        found = replace(desk.store, keys=lost)
        async with reading(PostgresCredentials(found.pool, found.keys), api) as accounts:
            assert accounts.reader(SCOPE) is not None
    assert await desk.said("connections", "con_1") == ("active", None)
    assert await actions(desk) == ["credential.unreadable", "credential.readable"]


async def test_key_sealed_anew_interrupts_nobody(desk: Desk, merchant: Merchant) -> None:
    await desk.connect()
    async with merchant.served() as api, reading(credentials(desk), api) as accounts:
        before = opened(accounts)
        await desk.connect()
        await accounts.refresh()
        assert opened(accounts) is before
        refused = StripeRefused("/v1/account", 401, None, "req_1")
        assert await accounts.refused(SCOPE, refused)  # it is the current one, however it is sealed


async def test_signing_secret_that_does_not_decrypt_is_told_once(desk: Desk) -> None:
    await desk.connection.execute(
        "INSERT INTO webhook_secrets (project, id, secret, key_id, hint) VALUES ('p1', 'whs_1', 'odd', 'k', '…')"
    )
    projects = PostgresProjects(desk.store.pool, desk.store.keys)
    for _ in range(3):
        found = await projects.find("p1")
        assert found is not None
        assert (found.secrets, found.unreadable) == ((), 1)
    assert await desk.connection.fetchval("SELECT unreadable_since FROM webhook_secrets") is not None
    assert await actions(desk) == ["webhook_secret.unreadable"]


async def test_what_the_edge_sees_is_added_up(desk: Desk) -> None:
    health = EdgeHealth()
    second = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    for delay in (30.0, 2.5, 3600.0):  # one of them came by a retry
        health.accepted(SCOPE, second, second + delay)
    health.refused("p1", second)
    health.wrong_mode(("p1", SCOPE[1], not SCOPE[2]), second)
    await health.store(desk.store.pool)
    health.accepted(SCOPE, second, second + 4.0)
    await health.store(desk.store.pool)
    await health.store(desk.store.pool)
    rows = await desk.connection.fetch("SELECT * FROM webhook_health ORDER BY livemode = $1 DESC", SCOPE[2])
    assert [(row["accepted"], row["skew_seconds"], row["wrong_mode"]) for row in rows] == [(4, 4.0, 0), (0, None, 1)]
    assert rows[0]["accepted_at"] == datetime(2026, 3, 1, 1, tzinfo=UTC)
    assert await desk.connection.fetchval("SELECT refused FROM webhook_refusals") == 1


async def test_what_was_counted_is_stored_at_the_end(desk: Desk) -> None:
    health = EdgeHealth()
    keeping = asyncio.create_task(health.keep(desk.store.pool))
    await asyncio.sleep(0)
    health.refused("p1", 100.0)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert await desk.connection.fetchval("SELECT refused FROM webhook_refusals") == 1


async def test_what_could_not_be_stored_is_counted_on(desk: Desk) -> None:
    health = EdgeHealth()
    health.accepted(SCOPE, 100.0, 101.0)
    await desk.connection.execute("ALTER TABLE webhook_health RENAME TO away")
    with pytest.raises(Exception, match="webhook_health"):
        await health.store(desk.store.pool)
    await desk.connection.execute("ALTER TABLE away RENAME TO webhook_health")
    health.accepted(SCOPE, 100.0, 103.0)
    await health.store(desk.store.pool)
    row = await desk.connection.fetchrow("SELECT * FROM webhook_health")
    assert row is not None
    assert row["accepted"] == 2
