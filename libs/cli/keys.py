"""`revstream keys`: API keys of projects, and keys that seal secrets."""

import asyncio
from typing import Annotated

import asyncpg
import typer

from deploy.failures import StackUnavailable
from libs.cli.encryption import Rotated, keyring_of, rotated
from libs.cli.faults import FOUND_A_PROBLEM, refuse
from libs.cli.output import json_line
from libs.cli.running import database_url
from libs.runtime.api_keys import InvalidProject, IssuedKey, KeyRequest, Scope, issue_at
from libs.runtime.crypto import generate_key

app = typer.Typer(help="API keys of projects, and keys that seal secrets at rest.", no_args_is_help=True)


@app.command("create")
def create(
    project: Annotated[str, typer.Option(help="the project; made if it is new")],
    scopes: Annotated[str, typer.Option(help="read, sync, alerts, admin; several with commas")] = "read",
    label: Annotated[str, typer.Option(help="what the key is for")] = "made on the command line",
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Make an API key. It is shown once: only its hash is kept.

    Examples:
      revstream keys create --project acme --scopes admin
      revstream keys create --project acme --scopes read,alerts --label "on call" --json
    """
    made = asyncio.run(issued(KeyRequest(project, label, _scopes(scopes))))
    if json:
        scopes_given = [scope.value for scope in made.scopes]
        json_line({"key": made.key, "project": made.project, "id": made.id, "scopes": scopes_given})
    else:
        typer.echo(made.key)


@app.command("encryption-key")
def encryption_key(json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Print a new key for REVSTREAM_ENCRYPTION_KEYS.

    Examples:
      revstream keys encryption-key
    """
    made = generate_key()
    if json:
        json_line({"encryption_key": made})
    else:
        typer.echo(made)


@app.command("rotate-encryption")
def rotate_encryption(json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Seal all stored secrets anew with the first key of REVSTREAM_ENCRYPTION_KEYS; broken off, run it again.

    Put a new key (of `encryption-key`) in front of the others, start the services again, then rotate. Keys that have
    nothing sealed any more are named, and may be dropped. The exit code is 1 where something can't be decrypted.

    Examples:
      revstream keys rotate-encryption
    """
    try:
        keyring = keyring_of()
    except ValueError as error:
        refuse(str(error))
    if keyring is None:
        refuse("no encryption keys are known: set REVSTREAM_ENCRYPTION_KEYS or REVSTREAM_ENCRYPTION_KEYS_FILE")
    done = asyncio.run(rotated(database_url(), keyring))
    if json:
        json_line({**done})
    else:
        _show_rotation(done)
    if done["unreadable"]:
        raise typer.Exit(FOUND_A_PROBLEM)


def _show_rotation(done: Rotated) -> None:
    typer.echo(f"{done['rotated']} secrets were sealed anew with key {done['key']}")
    for each in done["unreadable"]:
        typer.echo(f"can't be decrypted: {each}")
    if done["may_be_dropped"]:
        typer.echo(f"may be dropped from REVSTREAM_ENCRYPTION_KEYS: {', '.join(done['may_be_dropped'])}")


async def issued(request: KeyRequest) -> IssuedKey:
    """A new key, made in the database. Raises StackUnavailable; a project that can't be one ends the command."""
    url = database_url()
    try:
        return await issue_at(url, request)
    except InvalidProject as error:
        refuse(str(error))
    except asyncpg.UndefinedTableError as error:
        raise StackUnavailable("the database has no schema yet: start the api service once") from error
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise StackUnavailable(f"PostgreSQL doesn't take the key: {error}") from error


def _scopes(text: str) -> list[Scope]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in set(Scope)]
    if unknown or not names:
        refuse(f"--scopes takes {', '.join(Scope)}; got {text!r}")
    return [Scope(name) for name in names]
