"""`revstream connect`: a Stripe account, by a restricted key that is tried before it is kept, or by OAuth."""

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
from libs.cli.faults import refuse
from libs.cli.keys import issued
from libs.cli.output import json_line
from libs.runtime.api_keys import KeyRequest, Scope

HELP = """Connect a Stripe account by a restricted key (rk_live_… or rk_test_…) or by OAuth, and start its first sync.

By --key: it needs read permission for customers, subscriptions, prices, coupons and the account; what else it may
read is shown in a table. It is stored encrypted. By --oauth: an address is printed that the account's owner opens
within ten minutes; the server needs a platform account for it. Who may reach the database can name the --project
instead of an API key.

Examples:
  revstream connect --key rk_live_…
  revstream connect --key - --project acme < key.txt
  revstream connect --oauth
"""
# As long as an attempt by OAuth, whose key must be there until its end.
KEY_LIVES = timedelta(minutes=10)


def connect(
    key: Annotated[str | None, typer.Option(help="the restricted key; - reads it from standard input")] = None,
    oauth: Annotated[bool, typer.Option("--oauth", help="print where the account's owner agrees, instead")] = False,
    project: Annotated[str | None, typer.Option(help="the project, made if it is new; needs the database")] = None,
    label: Annotated[str | None, typer.Option(help="a name for the account")] = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Connect, then show what the key may read; by OAuth, tell where to agree."""
    if oauth == (key is not None):
        refuse("give either --key or --oauth")
    if oauth:
        _by_oauth(api_key if project is None else _key_for(project), json)
        return
    restricted = sys.stdin.readline().strip() if key == "-" else key
    body = {"key": restricted} | ({} if label is None else {"label": label})

    async def work(api: ApiClient) -> api_client.Json:
        return await api.post(f"{STRIPE}/key", body)

    answer = asked(api_key if project is None else _key_for(project), work)
    if json:
        json_line(answer)
    else:
        _show(answer)


def _by_oauth(api_key: str | None, json: bool) -> None:
    async def work(api: ApiClient) -> api_client.Json:
        return await api.get(f"{STRIPE}/start")

    answer = asked(api_key, work)
    if json:
        json_line(answer)
        return
    mode = "live mode" if answer["livemode"] else "TEST MODE"
    typer.echo(f"Open this address within ten minutes, as the owner of the Stripe account ({mode}, {answer['scope']}):")
    typer.echo(answer["url"])
    typer.echo("Then see `revstream status`.")


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
