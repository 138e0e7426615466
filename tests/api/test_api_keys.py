"""Keys: unguessable, told apart by a prefix, and never stored."""

import asyncpg
import pytest

from libs.runtime.api_keys import InvalidProject, KeyRequest, Scope, checked_project, issue_at, looks_like_key, new_key


async def test_a_key_makes_its_project_and_only_its_hash_is_stored(migrated: str) -> None:
    issued = await issue_at(migrated, KeyRequest("acme", "first", [Scope.ADMIN, Scope.ADMIN]))
    await issue_at(migrated, KeyRequest("acme", "second", [Scope.READ]))
    assert looks_like_key(issued.key)
    assert issued.scopes == (Scope.ADMIN,)
    connection = await asyncpg.connect(migrated)
    assert await connection.fetchval("SELECT array_agg(id) FROM projects") == ["acme"]
    stored = await connection.fetchrow("SELECT * FROM api_keys WHERE id = $1", issued.id)
    await connection.close()
    assert issued.key.startswith(issued.prefix)
    assert issued.key not in repr(stored)


def test_no_two_keys_are_alike() -> None:
    assert len({new_key() for _ in range(100)}) == 100


@pytest.mark.parametrize("project", ["", "a/b", "ä", "-a", "x" * 64, "a b", "a\n"])
def test_what_cannot_be_in_an_address_names_no_project(project: str) -> None:
    with pytest.raises(InvalidProject):
        checked_project(project)
