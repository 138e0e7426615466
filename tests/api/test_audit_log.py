"""The chain of audit entries: what it holds together, and what it tells when somebody changed it."""

import asyncio
from hashlib import sha256

import asyncpg
import pytest

from libs.runtime.api_keys import Scope
from libs.runtime.audit_log import Action, AuditEntry, audit, chain_faults, entries
from tests.api.calling import Api

STRIPE = "/api/integrations/stripe"

EVERY_PROJECT = "SELECT set_config('revstream.every_project', 'on', false)"


async def owner(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    connection = await asyncpg.connect(url)
    await connection.execute(EVERY_PROJECT)
    return connection


def made(number: int, project: str = "acme") -> AuditEntry:
    return AuditEntry(project, Action.KEY_CREATED, "key_1", f"key_{number}", {"scopes": ["read"], "number": number})


async def write(url: str, *new: AuditEntry) -> None:
    connection = await owner(url)
    for each in new:
        async with connection.transaction():
            await audit(connection, each)
    await connection.close()


async def faults(url: str) -> list[str]:
    connection = await owner(url)
    try:
        return await chain_faults(connection)
    finally:
        await connection.close()


async def test_entries_are_numbered_per_project_and_the_chain_holds(migrated: str) -> None:
    await write(migrated, made(1), made(2), made(1, "other"), made(3))
    connection = await owner(migrated)
    found = await entries(connection, "acme")
    await connection.close()
    assert [(each.number, each.subject) for each in found] == [(1, "key_1"), (2, "key_2"), (3, "key_3")]
    assert found[1].previous == found[0].hash
    assert found[0].details == '{"number":1,"scopes":["read"]}'
    assert await faults(migrated) == []


async def test_entries_written_at_once_make_one_chain(migrated: str) -> None:
    await asyncio.gather(*(write(migrated, made(number)) for number in range(8)))
    assert await faults(migrated) == []


async def test_change_that_is_taken_back_leaves_no_entry(migrated: str) -> None:
    connection = await owner(migrated)
    transaction = connection.transaction()
    await transaction.start()
    await audit(connection, made(1))
    await transaction.rollback()
    await connection.close()
    await write(migrated, made(2))
    assert await faults(migrated) == []


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log"])
async def test_entries_are_not_changed_even_by_the_owner(migrated: str, statement: str) -> None:
    await write(migrated, made(1))
    connection = await owner(migrated)
    with pytest.raises(asyncpg.RaiseError, match="never changed or deleted"):
        await connection.execute(statement)
    await connection.close()


FORGED = "INSERT INTO audit_log SELECT project, 4, at, actor, action, subject, details, hash, hash FROM audit_log"
TAMPERED = [
    pytest.param("UPDATE audit_log SET actor = 'nobody' WHERE number = 2", "entry 2 was changed", id="changed"),
    pytest.param("DELETE FROM audit_log WHERE number = 2", "entry 2 is missing", id="missing in between"),
    pytest.param("DELETE FROM audit_log WHERE number = 3", "missing at the end", id="missing at the end"),
    pytest.param("TRUNCATE audit_log", "the last entry is 0", id="all missing"),
    pytest.param(f"{FORGED} WHERE number = 3", "entry 4 was changed", id="forged at the end"),
]


@pytest.mark.parametrize(("statement", "told"), TAMPERED)
async def test_what_was_tampered_with_is_found(migrated: str, statement: str, told: str) -> None:
    await write(migrated, made(1), made(2), made(3))
    connection = await owner(migrated)
    await connection.execute("ALTER TABLE audit_log DISABLE TRIGGER append_only")
    await connection.execute(statement)
    await connection.execute("ALTER TABLE audit_log ENABLE TRIGGER append_only")
    await connection.close()
    (found,) = await faults(migrated)
    assert told in found


async def test_changes_over_http_are_told_with_the_key_that_made_them(api: Api) -> None:
    made = (await api.post("/api/keys", {"label": "for a test", "scopes": ["read"]})).content
    secret = (await api.post(f"{STRIPE}/webhook-secrets", {"secret": "whsec_0123456789"})).content
    await api.delete(f"{STRIPE}/webhook-secrets/{secret['id']}")
    await api.patch(f"{STRIPE}/settings", {"policy": {"include_trials": True}})
    await api.delete(f"/api/keys/{made['id']}")
    answer = await api.get("/api/audit-log")
    first, *others = answer.field("data")
    assert (first["action"], first["actor"]) == ("key.created", "command line")
    assert [(each["action"], each["subject"]) for each in others] == [
        ("key.created", made["id"]),
        ("webhook_secret.added", secret["id"]),
        ("webhook_secret.revoked", secret["id"]),
        ("settings.changed", "acme"),
        ("key.revoked", made["id"]),
    ]
    assert {each["actor"] for each in others} == {first["subject"]}
    assert others[0]["details"] == {"label": "for a test", "prefix": made["prefix"], "scopes": ["read"]}
    assert made["key"] not in str(answer.content)
    assert "0123456789" not in str(answer.content)
    assert await faults(api.database_url) == []


async def test_exported_chain_can_be_checked_by_anybody(api: Api) -> None:
    for number in range(3):
        await api.post("/api/keys", {"label": f"key {number}", "scopes": ["read"]})
    exported, path = [], "/api/audit-log?limit=2"
    while path:
        page = (await api.get(path)).content
        exported += page["data"]
        path = f"/api/audit-log?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert [each["number"] for each in exported] == [1, 2, 3, 4]
    previous = b""
    for each in exported:
        at = each["at"].replace("Z", "")
        at = f"{at if '.' in at else f'{at}.'}".ljust(26, "0") + "+00:00"
        told = ["acme", str(each["number"]), at]
        told += [each[name] for name in ("actor", "action", "subject", "hashed_details")]
        parts = [previous, *(part.encode() for part in told)]
        hashed = sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
        assert (each["previous"], each["hash"]) == (previous.hex(), hashed.hex())
        previous = hashed


async def test_audit_log_is_for_admins_of_the_project(api: Api, other_project: str) -> None:
    stranger = await api.as_project(other_project)
    assert [each["number"] for each in (await stranger.get("/api/audit-log")).field("data")] == [1]
    reader = await api.as_project("acme", Scope.READ)
    assert (await reader.get("/api/audit-log")).status == 403
