"""`revstream connect`: a Stripe account, by a restricted key that is tried before it is kept."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from libs.cli import api_client
from libs.cli.api_client import ApiClient
from libs.cli.asking import STRIPE, ApiKey, Json, asked
from libs.cli.keys import issued
from libs.cli.output import json_line
from libs.runtime.api_keys import KeyRequest, Scope

HELP = """Connect a Stripe account by a restricted key (rk_live_… or rk_test_…), and start its first sync.

The key needs read permission for customers, subscriptions, prices, coupons and the account; what else it may read is
shown in a table. It is stored encrypted. Who may reach the database can name the --project instead of an API key.
"""
KEY_LIVES = timedelta(minutes=5)


def connect(
    key: Annotated[str, typer.Option(help="the restricted key; - reads it from standard input")],
    project: Annotated[str | None, typer.Option(help="the project, made if it is new; needs the database")] = None,
    label: Annotated[str | None, typer.Option(help="a name for the account")] = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Connect, then show what the key may read."""
    restricted = sys.stdin.readline().strip() if key == "-" else key
    body = {"key": restricted} | ({} if label is None else {"label": label})

    async def work(api: ApiClient) -> api_client.Json:
        return await api.post(f"{STRIPE}/key", body)

    answer = asked(api_key if project is None else _key_for(project), work)
    if json:
        json_line(answer)
    else:
        _show(answer)


def _key_for(project: str) -> str:
    """A key of the project that lives for this command. Raises StackUnavailable."""
    until = datetime.now(UTC) + KEY_LIVES
    return asyncio.run(issued(KeyRequest(project, "made by revstream connect", [Scope.ADMIN], until))).key


def _show(answer: api_client.Json) -> None:
    table = Table("resource", "read", "needed for", title=f"What this key may read ({_mode(answer)})")
    for each in answer["permissions"]:
        table.add_row(each["resource"], "yes" if each["read"] else "[red]no[/]", each["needed_for"])
    console = Console()
    console.print(table)
    connection = answer["connection"]
    typer.echo(f"{connection['account']} is connected as {connection['id']}; its first sync is {answer['run']['id']}:")
    typer.echo("follow it with `revstream status` or `revstream sync --watch`.")


def _mode(answer: api_client.Json) -> str:
    return "live mode" if answer["connection"]["livemode"] else "TEST MODE"
