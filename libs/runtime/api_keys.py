"""API keys: how they are made, what is stored of them, and the rows that hold them.

A key is 256 random bits, so its plain SHA-256 is all that is kept; the prefix is for people to tell keys apart.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import asyncpg

from libs.runtime.audit_log import COMMAND_LINE, Action, AuditEntry, audit
from libs.runtime.postgres import EVERY_PROJECT

KEY_BYTES = 32
PREFIX_LENGTH = 10  # "rsk_" and six characters, of 43
_KEY = re.compile(r"rsk_[A-Za-z0-9_-]{43}")
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Scope(StrEnum):
    """What a key may do. `admin` includes the others."""

    READ = "read"
    SYNC = "sync"
    ALERTS = "alerts"
    ADMIN = "admin"


class InvalidProject(ValueError):
    """The id can't name a project: it is part of addresses and of Kafka's keys."""


class Executes(Protocol):
    """What a connection of asyncpg does; its pool's connections too."""

    async def execute(self, query: str, *args: object) -> str: ...


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The key to make. `expires_at` None: it lives until it is revoked."""

    project: str
    label: str
    scopes: Sequence[Scope]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """`key` is known here only: it can't be found out again."""

    id: str
    project: str
    key: str
    prefix: str
    scopes: tuple[Scope, ...]


def new_key() -> str:
    """A key that nobody can guess."""
    return f"rsk_{secrets.token_urlsafe(KEY_BYTES)}"


def looks_like_key(text: str) -> bool:
    """Whether `text` has the form of a key of ours."""
    return _KEY.fullmatch(text) is not None


def digest(key: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def checked_project(project: str) -> str:
    """`project` itself. Raises InvalidProject."""
    if not _PROJECT.fullmatch(project):
        raise InvalidProject(
            f"{project[:80]!r} can't be a project: 1 to 63 letters, digits, dots, dashes and underscores,"
            " beginning with a letter or digit"
        )
    return project


async def issue(connection: Executes, request: KeyRequest) -> IssuedKey:
    """Make a key in the transaction that `connection` is in, which must see the project's rows."""
    key = new_key()
    issued = IssuedKey(
        id=f"key_{secrets.token_hex(8)}",
        project=request.project,
        key=key,
        prefix=key[:PREFIX_LENGTH],
        scopes=tuple(dict.fromkeys(request.scopes)),
    )
    await connection.execute(
        "INSERT INTO api_keys (project, id, label, prefix, sha256, scopes, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        issued.project,
        issued.id,
        request.label,
        issued.prefix,
        digest(key),
        [scope.value for scope in issued.scopes],
        request.expires_at,
    )
    return issued


async def issue_at(database_url: str, request: KeyRequest) -> IssuedKey:
    """Make a key with the owner's rights, and its project if that is new. The schema must be there.

    Raises InvalidProject, and what asyncpg raises when PostgreSQL can't be reached.
    """
    project = checked_project(request.project)
    connection = await asyncpg.connect(database_url, timeout=10, command_timeout=10)
    try:
        async with connection.transaction():
            await connection.execute(EVERY_PROJECT)
            await connection.execute(
                "INSERT INTO projects (id, name) VALUES ($1, $1) ON CONFLICT (id) DO NOTHING", project
            )
            issued = await issue(connection, request)
            told = {"scopes": [scope.value for scope in issued.scopes], "label": request.label, "prefix": issued.prefix}
            await audit(connection, AuditEntry(project, Action.KEY_CREATED, COMMAND_LINE, issued.id, told))
            return issued
    finally:
        await connection.close()
