"""`revstream dlq`: what could not be read, why, and what to do about it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from deploy.failures import StackUnavailable
from libs.cli.asking import Json
from libs.cli.dlq_letters import BY_NAME, OPEN, Held, held, letters_of
from libs.cli.dlq_settling import Outcome, Servers, Wish, exit_code, known_letters, settled
from libs.cli.dlq_told import depths, show_letter, show_list
from libs.cli.faults import FOUND_A_PROBLEM, refuse, say
from libs.cli.output import json_line
from libs.cli.running import database_url, kafka_bootstrap
from libs.cli.servers import broker, owner
from libs.wire.dead_letters import Origin
from libs.wire.topics import CONTRACT, Topic

app = typer.Typer(help="What could not be read: see why, send it again, or let it be.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(metavar="LETTER…", help="topic:partition:offset, as `list` shows")]
OfTopic = Annotated[str | None, typer.Option("--topic", help="only letters about records of this topic")]
Every = Annotated[bool, typer.Option("--all", help="all open ones")]
Dry = Annotated[bool, typer.Option("--dry-run", help="only say what would be done")]


@app.command("list")
def list_letters(
    topic: OfTopic = None,
    every: Annotated[bool, typer.Option("--all", help="also those that were retried or dropped")] = False,
    limit: Annotated[int, typer.Option(min=1, help="how many are shown")] = 50,
    json: Json = False,
) -> None:
    """Show the dead letters, oldest first, with age, origin and reason.

    Of several letters about one record only the newest is told: readers write one each, and one more after a crash.

    Examples:
      revstream dlq list
      revstream dlq list --topic stripe.events --json
    """
    topics = _topics(topic)
    found = asyncio.run(_letters(topics))
    shown = [one for one in found if every or one.state == OPEN]
    now = datetime.now(UTC)
    if json:
        oldest = max((int((now - one.since).total_seconds()) for one in shown), default=None)
        told = [one.fields(now) for one in shown[:limit]]
        json_line({"letters": told, "depth": depths(shown), "oldest_seconds": oldest})
    else:
        show_list(Console(), shown, now, limit)


@app.command("show")
def show(
    letter: Annotated[str, typer.Argument(help="topic:partition:offset, as `list` shows")], json: Json = False
) -> None:
    """Show one dead letter whole: the record with its headers, and what was done about it.

    A record of `stripe.events` may hold a customer's e-mail.

    Examples:
      revstream dlq show stripe.events:3:17
    """
    origin = _origins([letter])[0]
    matching = [one for one in asyncio.run(_letters(Wish((origin,)).topics)) if one.letter.origin == origin]
    if not matching:
        say(f"revstream: {origin}: there is no such dead letter; `revstream dlq list --all` shows those that are kept")
        raise typer.Exit(FOUND_A_PROBLEM)
    now = datetime.now(UTC)
    for one in matching:
        if json:
            json_line(one.fields(now) | _record(one))
        else:
            show_letter(Console(), one, now)


@app.command("retry")
def retry(
    letters: Names = None, every: Every = False, topic: OfTopic = None, dry_run: Dry = False, json: Json = False
) -> None:
    """Send records to their topic again, with the same key and headers, after what was wrong has been mended.

    Each once: a second retry is told. A record that can't be read again becomes a new letter, with one more try. On a
    compacted topic a record that has a later one of its key is not sent. Needs Kafka and PostgreSQL.

    Examples:
      revstream dlq retry stripe.events:3:17
      revstream dlq retry --all --topic stripe.events --dry-run
    """
    _settle(_wish(letters, every, topic, None, dry_run), json)


@app.command("drop")
def drop(
    reason: Annotated[str, typer.Option(help="why, for the audit log")],
    letters: Names = None,
    every: Every = False,
    topic: OfTopic = None,
    dry_run: Dry = False,
    json: Json = False,
) -> None:
    """Let dead letters be, with a reason: the audit log keeps who and why, `list` shows them no more.

    The bytes stay on the dead-letter topic until its retention ends. Needs Kafka and PostgreSQL.

    Examples:
      revstream dlq drop stripe.events:3:17 --reason "a test's record"
    """
    if not reason.strip():
        refuse("--reason is empty: say why, for whoever asks later")
    _settle(_wish(letters, every, topic, reason.strip(), dry_run), json)


def _settle(wish: Wish, json: bool) -> None:
    servers = Servers(kafka_bootstrap(), database_url())

    async def work() -> list[Outcome]:
        outcomes = []
        async for outcome in settled(servers, wish):
            outcomes.append(outcome)
            _tell(outcome, json)
        return outcomes

    outcomes = asyncio.run(work())
    if not outcomes and not json:
        typer.echo("No open dead letters.")
    raise typer.Exit(exit_code(outcomes))


def _tell(outcome: Outcome, json: bool) -> None:
    if json:
        json_line(outcome.fields())
    elif outcome.problem:
        say(f"revstream: {outcome.letter}: {outcome.told}")
    else:
        typer.echo(f"{outcome.letter} {outcome.told}")


def _wish(letters: list[str] | None, every: bool, topic: str | None, reason: str | None, dry: bool) -> Wish:
    if bool(letters) == every:
        refuse("name letters, or give --all (with --topic for one topic's): `revstream dlq list` shows them")
    if topic is not None and not every:
        refuse("--topic goes with --all: a letter's name says its topic already")
    chosen = _topics(topic)[0] if topic else None
    return Wish(tuple(_origins(letters or [])), every, chosen, reason, dry)


def _origins(names: list[str]) -> list[Origin]:
    try:
        return [Origin.parse(name) for name in names]
    except ValueError as error:
        refuse(str(error))


def _topics(name: str | None) -> tuple[Topic, ...]:
    if name is None:
        return CONTRACT
    if name not in BY_NAME:
        refuse(f"--topic takes {', '.join(BY_NAME)}; got {name!r}")
    return (BY_NAME[name],)


async def _letters(topics: Sequence[Topic]) -> list[Held]:
    """The letters; without PostgreSQL nobody knows which were settled, and that is said."""
    with broker(kafka_bootstrap()) as bootstrap:
        try:
            async with owner(database_url()) as connection:
                return await known_letters(bootstrap, connection, topics)
        except StackUnavailable as error:
            say(f"revstream: which of them were retried or dropped is not known: {error}")
            return held(await letters_of(bootstrap, topics), {})


def _record(one: Held) -> dict[str, object]:
    letter = one.letter
    return {
        "lies_at": str(letter.lies),
        "headers": {name: value.decode(errors="backslashreplace") for name, value in letter.headers},
        "value": None if letter.value is None else letter.value.decode(errors="backslashreplace"),
    }
