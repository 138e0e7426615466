"""`revstream sync`: read a Stripe account again, and watch how that goes."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from libs.cli import api_client
from libs.cli.api_client import ApiClient, ApiRefused
from libs.cli.asking import STRIPE, ApiKey, Json, asked
from libs.cli.faults import FOUND_A_PROBLEM, say
from libs.cli.output import json_line, text_line

HELP = """Read a connected Stripe account again; with --watch until it is done, or the one that already runs.

The exit code is 1 where a watched sync does not end as `succeeded`.

Examples:
  revstream sync --watch
  revstream sync --mode recent
  revstream sync --cancel
"""
LOOK_SECONDS = 0.5
UNFINISHED = ("queued", "running")
Show = Callable[[api_client.Json], None]


def sync(
    mode: Annotated[
        str, typer.Option(help="full, recent (the last seven days), reconcile (compare and put right) or initial")
    ] = "full",
    connection: Annotated[str | None, typer.Option(help="which connection, where there are several")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="show the progress until it is done")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="call off the one that runs")] = False,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Start a run, or call one off; a watched one is shown at each change."""
    if cancel:
        asked(api_key, lambda api: _cancelled(api, connection, json_line if json else _told))
        return
    body = {"mode": mode} | ({} if connection is None else {"connection": connection})
    console = Console(stderr=True)

    async def work(api: ApiClient) -> api_client.Json:
        run = await _started(api, body, watch)
        if json:
            return await _followed(api, run, json_line, watch)
        if not (watch and console.is_terminal):
            return await _followed(api, run, _told, watch)
        with Live(console=console, refresh_per_second=4) as live:
            return await _followed(api, run, lambda seen: live.update(_table(seen)), watch)

    ended = asked(api_key, work)
    if watch and ended["state"] != "succeeded":
        raise typer.Exit(FOUND_A_PROBLEM)


async def _started(api: ApiClient, body: dict[str, str], watch: bool) -> api_client.Json:
    """The new run; where one is not finished and is to be watched, that one."""
    try:
        answer = await api.post(f"{STRIPE}/sync", body)
    except ApiRefused as refused:
        if not watch or refused.code != "sync_running":
            raise
        answer = refused.problem
    run: api_client.Json = answer["run"]
    return run


async def _cancelled(api: ApiClient, connection: str | None, show: Show) -> None:
    """Call off every unfinished run, of one connection where it is named. Exits with 1 where there is none."""
    runs = (await api.get(f"{STRIPE}/syncs"))["data"]
    unfinished = [run for run in runs if run["state"] in UNFINISHED and connection in (None, run["connection"])]
    for run in unfinished:
        show(await api.delete(f"{STRIPE}/syncs/{run['id']}"))
    if not unfinished:
        say("revstream: no sync is running")
        raise typer.Exit(FOUND_A_PROBLEM)


async def _followed(api: ApiClient, run: api_client.Json, show: Show, watch: bool) -> api_client.Json:
    """Show the run, and each change of it until it is finished."""
    show({"run": run})
    while watch and run["state"] in UNFINISHED:
        await asyncio.sleep(LOOK_SECONDS)
        seen = (await api.get(f"{STRIPE}/syncs/{run['id']}"))["run"]
        if seen != run:
            run = seen
            show({"run": run})
    return run


def _told(seen: api_client.Json) -> None:
    """A line for each state of the run."""
    run = seen["run"]
    left = {} if run.get("eta_seconds") is None else {"seconds_left": run["eta_seconds"]}
    text_line({"event": run["state"], "run": run["id"], "mode": run["mode"], **_rows(run), **left, **_reason(run)})


def _rows(run: api_client.Json) -> dict[str, object]:
    return {each["name"]: each["rows"] for each in run["resources"]}


def _reason(run: api_client.Json) -> dict[str, object]:
    errors = [run["error"], *(each["last_error"] for each in run["resources"])]
    told = next((error for error in errors if error), None)
    return {} if told is None else {"error": f"{told['message']} {told['hint']}"}


def _table(seen: api_client.Json) -> Group:
    run = seen["run"]
    left = "" if run.get("eta_seconds") is None else f", about {run['eta_seconds']} s left"
    table = Table("resource", "state", "rows", title=f"sync {run['id']}: {run['state']}{left}", min_width=40)
    table.columns[2].justify = "right"
    for each in run["resources"]:
        table.add_row(each["name"], each["state"], str(each["rows"]))
    return Group(table, *(Text(str(error), style="red") for error in _reason(run).values()))
