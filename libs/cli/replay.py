"""`revstream replay`: have records read again, or the API's tables filled again."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run
from typing import Annotated

import typer
from rich.console import Console

from libs.cli.asking import Json
from libs.cli.dlq_letters import stamp
from libs.cli.faults import refuse
from libs.cli.output import json_line
from libs.cli.replay_span import REPLAYABLE, Told, Wanted, found, replayed
from libs.cli.running import database_url, kafka_bootstrap
from libs.cli.servers import broker, owner
from libs.runtime.spans import Times

READ_MODEL = "read-model"
ROOT = Path(__file__).resolve().parents[2]
HELP = """Have the records of a topic read again, or the API's tables filled again from the topics.

A topic (stripe.events, client.activity, revenue.movements, churn.signals): its records, or a span of them, are sent to
it once more with the same key, bytes and headers. Whoever reads them folds versions, so nothing is counted twice and
nothing newer is overwritten; run it as often as you like. Compacted topics are refused: an old record would come to
stand behind a newer one.

read-model: the API's tables are emptied, and the running api fills them from the topics' first records. Until it has
read them all its answers are incomplete, and it says that it is not ready. What people have set stays.

What was sent is noted in the audit log. Needs Kafka and PostgreSQL; --dry-run needs Kafka only.

Examples:
  revstream replay stripe.events --since 2026-11-01T00:00Z --dry-run
  revstream replay stripe.events --project acme --key acme/cus_1
  revstream replay read-model
"""


def replay(
    what: Annotated[str, typer.Argument(metavar="TOPIC|read-model", help="what to read again")],
    *,
    since: Annotated[str | None, typer.Option(help="only what the broker took then or later (ISO 8601)")] = None,
    until: Annotated[str | None, typer.Option(help="only what the broker took before (ISO 8601)")] = None,
    project: Annotated[str | None, typer.Option(help="only records of this project")] = None,
    key: Annotated[str | None, typer.Option(help="only records of this key, as project/customer")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be done")] = False,
    json: Json = False,
) -> None:
    """Send a span again, or empty the read model; the exit code is 0 also where there was nothing to send."""
    if what == READ_MODEL:
        if since or until or project or key:
            refuse("read-model is filled again as a whole: --since, --until, --project and --key are for topics")
        _rebuild(dry_run, json)
        return
    if what not in REPLAYABLE:
        refuse(f"{what!r} can't be replayed: this takes {', '.join(REPLAYABLE)} and {READ_MODEL}")
    wanted = Wanted(REPLAYABLE[what], Times(_time(since, "--since"), _time(until, "--until")), project, key)
    told = asyncio.run(_work(wanted, dry_run))
    if json:
        json_line(_fields(wanted, told, dry_run))
    else:
        _show(wanted, told, dry_run)


async def _work(wanted: Wanted, dry: bool) -> Told:
    console = Console(stderr=True)
    with broker(kafka_bootstrap()) as kafka, console.status("reading") as status:

        def seen(told: Told) -> None:
            status.update(f"{told.records} records")

        if dry:
            return await found(kafka, wanted, seen)
        async with owner(database_url()) as connection:
            return await replayed(kafka, connection, wanted, seen)


def _fields(wanted: Wanted, told: Told, dry: bool) -> dict[str, object]:
    return {
        "topic": wanted.topic.name,
        "dry_run": dry,
        "records": told.records,
        "projects": dict(sorted(told.by_project.items())),
        "left_out": told.copies,
        "first_at": None if told.first_at is None else stamp(told.first_at),
        "last_at": None if told.last_at is None else stamp(told.last_at),
    }


def _show(wanted: Wanted, told: Told, dry: bool) -> None:
    if not told.records or told.first_at is None or told.last_at is None:
        typer.echo(f"{wanted.topic.name} holds no such records")
        return
    done = "would be sent again" if dry else "were sent again"
    typer.echo(
        f"{told.records} records of {wanted.topic.name} {done}, of {stamp(told.first_at)} to {stamp(told.last_at)}"
    )
    for project, count in sorted(told.by_project.items()):
        typer.echo(f"  {project}: {count}")
    if told.copies:
        typer.echo(f"  left out, as they are replays of these: {told.copies}")
    if not dry:
        typer.echo("the services read them now: `revstream doctor` tells how far behind they are")


def _time(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        refuse(f"{option} takes a time such as 2026-11-01T10:00:00Z; got {text!r}")
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _rebuild(dry: bool, json: bool) -> None:
    """In a process of its own, as a service's tables are its own business; its words and exit code are passed on."""
    url = database_url()
    if dry:
        told = "the API's tables would be emptied, and filled again from the topics by the running api"
    else:
        command = (sys.executable, "-m", "services.api.rebuild")
        ended = run(
            command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=False, capture_output=True, text=True
        )
        if ended.returncode:
            typer.echo(ended.stderr, err=True, nl=False)
            raise typer.Exit(ended.returncode)
        told = ended.stdout.strip()
    if json:
        json_line({"read_model": "emptied" if not dry else "unchanged", "dry_run": dry, "told": told})
    else:
        typer.echo(told)
