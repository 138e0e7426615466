"""The single checks of `revstream doctor`: each finds what it is for, and nothing else."""

import socket
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.migrations import upgrade
from deploy.postgres.probe import scratch_database
from libs.cli.audit_checks import audits
from libs.cli.auditing.check import Check, Part
from libs.cli.auditing.difference import Findings
from libs.cli.auditing.outcomes import Outcome, keep
from libs.cli.auditing.report import ProjectReport
from libs.cli.database_checks import database as database_checks
from libs.cli.findings import Finding, Place, State
from libs.cli.kafka_checks import MOST_BEHIND, lag, replicas
from libs.cli.port_checks import ports
from libs.cli.stripe_checks import delay, mapping, permissions, webhook
from libs.runtime.audit_log import Action, AuditEntry, audit
from libs.runtime.crypto import Keyring, generate_key
from libs.runtime.crypto import Place as SealedPlace

OLD, NEW = generate_key(), generate_key()
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def place(database: str | None = None, missing: str | None = "nothing runs") -> Place:
    return Place(Path(".revstream"), None, database, None, {}, None, missing)


@pytest.fixture(scope="module")
async def template(database_url: str) -> AsyncIterator[str]:
    """The name of a database with our schema: to copy it takes a fraction of making one."""
    async with scratch_database(database_url) as url:
        await upgrade(url)
        yield urlsplit(url).path.lstrip("/")


@pytest.fixture
async def migrated(database_url: str, template: str) -> AsyncIterator[str]:
    async with scratch_database(database_url, template) as url:
        yield url


@pytest.fixture
async def owner(migrated: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(migrated)
    await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
    await connection.execute("INSERT INTO projects (id, name) VALUES ('acme', 'acme')")
    yield connection
    await connection.close()


async def found(url: str) -> dict[str, Finding]:
    return {each.check: each for each in await database_checks(place(url))}


async def test_database_without_faults(owner: "asyncpg.Connection[asyncpg.Record]", migrated: str) -> None:
    async with owner.transaction():
        await audit(owner, AuditEntry("acme", Action.KEY_CREATED, "key_1", "key_2"))
    states = {name: each.state for name, each in (await found(migrated)).items()}
    assert states == {
        "locks": State.OK,
        "clock": State.OK,
        "read model": State.OK,
        "encryption keys": State.SKIPPED,
        "audit chain": State.OK,
        "audit": State.SKIPPED,
    }


async def test_database_without_a_schema_is_told_by_another_check(database: str) -> None:
    assert {each.state for each in await database_checks(place(database))} >= {State.SKIPPED}


async def test_audit_log_that_somebody_changed(owner: "asyncpg.Connection[asyncpg.Record]", migrated: str) -> None:
    async with owner.transaction():
        await audit(owner, AuditEntry("acme", Action.KEY_CREATED, "key_1", "key_2"))
    await owner.execute("ALTER TABLE audit_log DISABLE TRIGGER append_only")
    await owner.execute("UPDATE audit_log SET actor = 'nobody'")
    chain = (await found(migrated))["audit chain"]
    assert (chain.state, chain.told) == (State.PROBLEM, "acme: entry 1 was changed")


async def test_read_model_that_nobody_fills(owner: "asyncpg.Connection[asyncpg.Record]", migrated: str) -> None:
    await owner.execute("INSERT INTO read_model_state (seen_at, lag) VALUES (now() - interval '2 minutes', 0)")
    assert (await found(migrated))["read model"].state is State.PROBLEM
    await owner.execute("UPDATE read_model_state SET seen_at = now(), lag = 20000")
    assert "20000 records behind" in (await found(migrated))["read model"].told


async def test_last_audit_of_each_project_is_told(owner: "asyncpg.Connection[asyncpg.Record]", migrated: str) -> None:
    now = datetime.now(UTC)
    await keep(owner, report(now - timedelta(days=400), wrong=1))
    await keep(owner, report(now - timedelta(hours=9), wrong=0))
    told = (await found(migrated))["audit"]
    assert (told.state, told.told) == (State.OK, "20 figures equal, 9 hours ago")
    await keep(owner, report(now - timedelta(hours=5), wrong=2))
    told = (await found(migrated))["audit"]
    assert told.state is State.PROBLEM
    assert told.told == "acme: 2 differences among 20 figures, 5 hours ago, in transfers net to zero"
    assert await owner.fetchval("SELECT count(*) FROM audits") == 2  # a year of them is kept


def report(at: datetime, wrong: int) -> ProjectReport:
    """Of two checks, the second of which found so many differences."""
    one, other = Check("signals", Part.MODEL, "", ""), Check("transfers net to zero", Part.LEDGER, "", "")
    return ProjectReport("acme", at, Findings({one: 15, other: 5}, {one: 0, other: wrong}, []))


DAYS_AGO = {days: Outcome(NOW - timedelta(days=days), 100, 0, ()) for days in (1, 3)}
BAD = Outcome(NOW - timedelta(days=1), 100, 1, ("signals",))


@pytest.mark.parametrize(
    ("last", "state", "told"),
    [
        pytest.param({}, State.SKIPPED, "never run", id="no project yet"),
        pytest.param({"a": None}, State.SKIPPED, "never run", id="never"),
        pytest.param({"a": DAYS_AGO[1], "b": DAYS_AGO[3]}, State.OK, "200 figures equal, 3 days ago", id="the oldest"),
        pytest.param({"a": DAYS_AGO[3], "b": None}, State.OK, "never run for b", id="never of one"),
        pytest.param({"a": BAD, "b": DAYS_AGO[1]}, State.PROBLEM, "a: 1 difference among", id="of one they differ"),
        pytest.param({f"p{at}": BAD for at in range(9)}, State.PROBLEM, "and 4 more", id="of many"),
    ],
)
def test_audits_are_a_problem_where_figures_differ(last: Mapping[str, Outcome | None], state: State, told: str) -> None:
    finding = audits(last, NOW)
    assert finding.state is state
    assert told in finding.told


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
    owner: "asyncpg.Connection[asyncpg.Record]", migrated: str, monkeypatch: pytest.MonkeyPatch, keys: str,
    state: State, told: str,
) -> None:  # fmt: skip
    sealed = Keyring.parse(OLD).encrypt(b"whsec_1", SealedPlace("acme", "whs_1", "webhook_secrets.secret"))
    await owner.execute(
        "INSERT INTO webhook_secrets (project, id, secret, key_id, hint) VALUES ('acme', 'whs_1', $1, $2, '…')",
        *(sealed.data, sealed.key_id),
    )
    monkeypatch.setenv("REVSTREAM_ENCRYPTION_KEYS", keys)
    checked = (await found(migrated))["encryption keys"]
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
