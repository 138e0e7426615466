"""`revstream keys rotate-encryption`: everything comes under the newest key, broken off or not."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from deploy.migrations import upgrade
from libs.cli.encryption import keyring_of
from libs.runtime.audit_log import chain_faults
from libs.runtime.crypto import Keyring, Place, generate_key
from libs.runtime.rotation import BATCH, keys_in_use, rotate, unreadable_rows
from tests.cli.scripted_api import revstream

OLD, NEW = generate_key(), generate_key()
EVERY_PROJECT = "SELECT set_config('revstream.every_project', 'on', false)"
CONNECTION = """
INSERT INTO connections (project, id, account, livemode, state, credential, key_id)
VALUES ('acme', $1, $1, true, 'active', $2, $3)
"""
SECRET = "INSERT INTO webhook_secrets (project, id, secret, key_id, hint) VALUES ('acme', $1, $2, $3, '…')"


def id_of(key: str) -> str:
    return key.partition(":")[0]


@pytest.fixture
async def owner(database: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """The owner's view of a database with the project acme."""
    await upgrade(database)
    connection = await asyncpg.connect(database)
    await connection.execute(EVERY_PROJECT)
    await connection.execute("INSERT INTO projects (id, name) VALUES ('acme', 'acme')")
    yield connection
    await connection.close()


async def seal(
    owner: "asyncpg.Connection[asyncpg.Record]", keyring: Keyring, connections: int = 1, secrets: int = 1
) -> None:
    """Rows with secrets that are their ids."""
    for statement, field, count in ((CONNECTION, "connections.credential", connections),
                                    (SECRET, "webhook_secrets.secret", secrets)):  # fmt: skip
        for number in range(count):
            row = f"row_{number:04}"
            sealed = keyring.encrypt(row.encode(), Place("acme", row, field))
            await owner.execute(statement, row, sealed.data, sealed.key_id)


async def test_all_rows_come_under_the_newest_key_and_the_old_one_can_go(
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await seal(owner, Keyring.parse(OLD), connections=BATCH + 5, secrets=3)
    done = await rotate(owner, Keyring.parse(f"{NEW},{OLD}"))
    assert (done.rotated, done.unreadable) == (BATCH + 8, [])
    assert await keys_in_use(owner) == {id_of(NEW): BATCH + 8}
    assert await unreadable_rows(owner, Keyring.parse(NEW)) == []
    assert (await rotate(owner, Keyring.parse(NEW))).rotated == 0
    assert await chain_faults(owner) == []
    told = await owner.fetch("SELECT subject, details FROM audit_log ORDER BY number")
    assert {row["subject"] for row in told} == {id_of(NEW)}
    assert [row["details"] for row in told] == [
        f'{{"field":"connections.credential","rows":{BATCH}}}',
        '{"field":"connections.credential","rows":5}',
        '{"field":"webhook_secrets.secret","rows":3}',
    ]


async def test_rotation_that_was_broken_off_goes_on(owner: "asyncpg.Connection[asyncpg.Record]", database: str) -> None:
    await seal(owner, Keyring.parse(OLD), connections=BATCH + 5)
    holder = await asyncpg.connect(database)
    await holder.execute(EVERY_PROJECT)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT FROM connections WHERE id = $1 FOR UPDATE", f"row_{BATCH:04}")
    await owner.execute("SET lock_timeout = '100ms'")
    with pytest.raises(asyncpg.LockNotAvailableError):
        await rotate(owner, Keyring.parse(f"{NEW},{OLD}"))
    assert (await keys_in_use(owner))[id_of(NEW)] == BATCH  # the first batch stays done
    await transaction.rollback()
    await holder.close()
    assert (await rotate(owner, Keyring.parse(f"{NEW},{OLD}"))).rotated == 6
    assert await keys_in_use(owner) == {id_of(NEW): BATCH + 6}


async def test_command_names_what_may_be_dropped(owner: "asyncpg.Connection[asyncpg.Record]", database: str) -> None:
    await seal(owner, Keyring.parse(OLD))
    ended = await revstream("keys", "rotate-encryption", "--json", DATABASE_URL=database,
                            REVSTREAM_ENCRYPTION_KEYS=f"{NEW},{OLD}")  # fmt: skip
    assert ended.code == 0
    assert ended.json == [{"key": id_of(NEW), "rotated": 2, "unreadable": [], "may_be_dropped": [id_of(OLD)]}]


async def test_what_no_key_opens_is_named_and_left(
    owner: "asyncpg.Connection[asyncpg.Record]", database: str, tmp_path: Path
) -> None:
    lost = generate_key()
    await seal(owner, Keyring.parse(lost))
    file = tmp_path / "keys"
    file.write_text(f"{NEW}\n{OLD}\n")
    ended = await revstream(
        "keys", "rotate-encryption", DATABASE_URL=database, REVSTREAM_ENCRYPTION_KEYS_FILE=str(file)
    )
    assert ended.code == 1
    assert f"connections.credential of row row_0000 in project acme (key {id_of(lost)})" in ended.output
    assert await keys_in_use(owner) == {id_of(lost): 2}
    shown = ended.output + ended.errors
    assert not any(key.partition(":")[2] in shown for key in (NEW, OLD, lost))


async def test_without_keys_nothing_is_touched(tmp_path: Path) -> None:
    ended = await revstream("keys", "rotate-encryption", DATABASE_URL="postgresql://x", REVSTREAM_HOME=str(tmp_path))
    assert ended.code == 2
    assert "REVSTREAM_ENCRYPTION_KEYS" in ended.errors


def test_keys_are_found_in_the_variable_the_file_or_the_home(tmp_path: Path) -> None:
    (tmp_path / "encryption.keys").write_text(OLD)
    named = tmp_path / "named"
    named.write_text(f"{NEW}\n{OLD}")
    home = {"REVSTREAM_HOME": str(tmp_path)}
    found = [
        keyring_of(home),
        keyring_of({**home, "REVSTREAM_ENCRYPTION_KEYS_FILE": str(named)}),
        keyring_of({**home, "REVSTREAM_ENCRYPTION_KEYS": NEW}),
    ]
    assert [each.first if each else None for each in found] == [id_of(OLD), id_of(NEW), id_of(NEW)]
    assert keyring_of({"REVSTREAM_HOME": str(tmp_path / "none")}) is None
    with pytest.raises(ValueError, match="can't be read"):
        keyring_of({"REVSTREAM_ENCRYPTION_KEYS_FILE": str(tmp_path / "none")})
