"""The single checks of `revstream doctor`: each finds what it is for, and nothing else."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.migrations import upgrade
from libs.cli.database_checks import database as database_checks
from libs.cli.findings import Finding, Place, State
from libs.cli.kafka_checks import MOST_BEHIND, lag, replicas
from libs.cli.port_checks import ports
from libs.cli.stripe_checks import delay, mapping, permissions, webhook
from libs.runtime.audit_log import Action, AuditEntry, audit
from libs.runtime.crypto import Keyring, generate_key
from libs.runtime.crypto import Place as SealedPlace

OLD, NEW = generate_key(), generate_key()


def place(database: str | None = None, missing: str | None = "nothing runs") -> Place:
    return Place(Path(".revstream"), None, database, None, {}, None, missing)


@pytest.fixture
async def owner(database: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    await upgrade(database)
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
    await connection.execute("INSERT INTO projects (id, name) VALUES ('acme', 'acme')")
    yield connection
    await connection.close()


async def found(url: str) -> dict[str, Finding]:
    return {each.check: each for each in await database_checks(place(url))}


async def test_database_without_faults(owner: "asyncpg.Connection[asyncpg.Record]", database: str) -> None:
    async with owner.transaction():
        await audit(owner, AuditEntry("acme", Action.KEY_CREATED, "key_1", "key_2"))
    states = {name: each.state for name, each in (await found(database)).items()}
    assert states == {
        "locks": State.OK,
        "clock": State.OK,
        "read model": State.OK,
        "encryption keys": State.SKIPPED,
        "audit chain": State.OK,
    }


async def test_database_without_a_schema_is_told_by_another_check(database: str) -> None:
    assert {each.state for each in await database_checks(place(database))} >= {State.SKIPPED}


async def test_audit_log_that_somebody_changed(owner: "asyncpg.Connection[asyncpg.Record]", database: str) -> None:
    async with owner.transaction():
        await audit(owner, AuditEntry("acme", Action.KEY_CREATED, "key_1", "key_2"))
    await owner.execute("ALTER TABLE audit_log DISABLE TRIGGER append_only")
    await owner.execute("UPDATE audit_log SET actor = 'nobody'")
    chain = (await found(database))["audit chain"]
    assert (chain.state, chain.told) == (State.PROBLEM, "acme: entry 1 was changed")


async def test_read_model_that_nobody_fills(owner: "asyncpg.Connection[asyncpg.Record]", database: str) -> None:
    await owner.execute("INSERT INTO read_model_state (seen_at, lag) VALUES (now() - interval '2 minutes', 0)")
    assert (await found(database))["read model"].state is State.PROBLEM
    await owner.execute("UPDATE read_model_state SET seen_at = now(), lag = 20000")
    assert "20000 records behind" in (await found(database))["read model"].told


@pytest.mark.parametrize(
    ("keys", "state", "told"),
    [
        pytest.param(f"{NEW},{OLD}", State.OK, "1 under an older key", id="an older key is in use"),
        pytest.param(OLD, State.OK, "all 1 stored secrets can be decrypted", id="the newest key is in use"),
        pytest.param(NEW, State.PROBLEM, "1 stored secrets can't be decrypted", id="its key is gone"),
        pytest.param("k:short", State.PROBLEM, "k", id="no keys at all"),
    ],
)
async def test_encryption_keys(
    owner: "asyncpg.Connection[asyncpg.Record]", database: str, monkeypatch: pytest.MonkeyPatch, keys: str,
    state: State, told: str,
) -> None:  # fmt: skip
    sealed = Keyring.parse(OLD).encrypt(b"whsec_1", SealedPlace("acme", "whs_1", "webhook_secrets.secret"))
    await owner.execute(
        "INSERT INTO webhook_secrets (project, id, secret, key_id, hint) VALUES ('acme', 'whs_1', $1, $2, '…')",
        *(sealed.data, sealed.key_id),
    )
    monkeypatch.setenv("REVSTREAM_ENCRYPTION_KEYS", keys)
    checked = (await found(database))["encryption keys"]
    assert checked.state is state
    assert told in checked.told
    assert not any(key.partition(":")[2] in checked.told for key in (OLD, NEW))


def test_replicas_that_are_not_in_sync_are_named() -> None:
    assert replicas([]).state is State.OK
    thin = replicas(["stripe.events 3"])
    assert (thin.state, thin.told) == (State.PROBLEM, "not all in sync: stripe.events 3")


def test_group_that_is_far_behind_is_named() -> None:
    assert lag({}).state is State.OK
    assert lag({"mrr": 5}).state is State.OK
    behind = lag({"mrr": MOST_BEHIND + 1, "alerts": 0})
    assert behind.state is State.PROBLEM
    assert "log of mrr" in behind.hint


def test_ports_must_be_free_or_the_systems_own() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        held = {"API_PORT": str(taken.getsockname()[1]), "INGEST_PORT": "0"}
        assert ports(place(), held).state is State.PROBLEM
        assert ports(place(missing=None), held).state is State.OK
        assert ports(place("postgresql://elsewhere"), held).state is State.OK
    assert ports(place(), {"API_PORT": "0", "INGEST_PORT": "0"}).state is State.OK
    assert ports(place(), {"API_PORT": "eighty", "INGEST_PORT": "0"}).state is State.PROBLEM


def connection(**changed: Any) -> dict[str, Any]:
    shown = {"state": "healthy", "events_24h": 3, "skew_seconds": 0.4}
    return {"account": "acct_1", "livemode": False, "error": None, "webhook": shown, **changed}


@pytest.mark.parametrize(
    ("lacking", "state"),
    [
        pytest.param([], State.OK, id="all may be read"),
        pytest.param(["disputes"], State.OK, id="disputes are not MRR"),
        pytest.param(["coupons"], State.PROBLEM, id="without coupons MRR is wrong"),
    ],
)
def test_permissions(lacking: list[str], state: State) -> None:
    held = [{"resource": each, "read": each not in lacking} for each in ("subscriptions", "coupons", "disputes")]
    checked = permissions(connection(permissions=held))
    assert checked.state is state
    assert all(each in checked.told for each in ("acct_1 (TEST MODE)", *lacking))


@pytest.mark.parametrize(
    ("skew", "state"),
    [(None, State.OK), (0.4, State.OK), (-2.0, State.OK), (-6.0, State.PROBLEM), (400.0, State.PROBLEM)],
)
def test_delay_of_events(skew: float | None, state: State) -> None:
    assert delay(connection(webhook={"skew_seconds": skew})).state is state


def test_webhooks_tell_their_own_error() -> None:
    wrong = {"code": "webhook_failing", "message": "None of them signed it.", "hint": "Add it."}
    checked = webhook(connection(error=wrong))
    assert (checked.state, checked.told, checked.hint) == (
        State.PROBLEM,
        "acct_1 (TEST MODE): None of them signed it.",
        "Add it.",
    )
    assert webhook(connection(error={"code": "key_refused", "message": "No.", "hint": "Do."})).state is State.OK


def test_mapping_is_told() -> None:
    (told,) = mapping({"customers": 9, "mapped": 4, "mrr_coverage": "0.500000"})
    assert (told.state, told.told) == (State.OK, "4 of 9 customers, 50% of MRR are mapped to clients")
    assert mapping(None) == []
