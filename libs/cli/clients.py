"""`revstream clients`: the directory of clients from and to files."""

import asyncio
import csv
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.cli import api_client
from libs.cli.api_client import ApiClient
from libs.cli.asking import ApiKey, Json, asked
from libs.cli.faults import FOUND_A_PROBLEM, refuse
from libs.cli.files import STANDARD_INPUT
from libs.cli.output import json_line
from libs.wire.csv_cells import escaped

app = typer.Typer(help="The directory of clients from and to files.", no_args_is_help=True)
LOOK_SECONDS = 0.3
MOST_SHOWN = 50
LISTS = ("stakeholder_emails", "domains", "stripe_customers")
COUNTS = ("rows", "stored", "unchanged", "refused", "published")


@app.command("import")
def import_clients(
    file: Annotated[str, typer.Argument(help="CSV or (*.json) JSON; - reads CSV from standard input")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check everything, store nothing")] = False,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Store the clients of a file; rows that are wrong are named and left out (exit code 1).

    Columns: client, name, stakeholder_emails, domains, stripe_customers; several values in a cell with semicolons. What
    the file has no column for stays as it is.

    Examples:
      revstream clients import clients.csv --dry-run
      revstream clients import - < clients.csv
    """
    content, kind = _file(file)

    async def work(api: ApiClient) -> api_client.Json:
        query = {"dry_run": "true"} if dry_run else {}
        found: api_client.Json = (await api.send("/api/clients/import", content, kind, **query))["import"]
        while found["finished_at"] is None:
            await asyncio.sleep(LOOK_SECONDS)
            found = (await api.get(f"/api/clients/imports/{found['id']}"))["import"]
        return found

    ended = asked(api_key, work)
    if json:
        json_line(ended)
    else:
        _show(Console(), ended)
    if ended["refused"]:
        raise typer.Exit(FOUND_A_PROBLEM)


@app.command("export")
def export_clients(api_key: ApiKey = None, json: Json = False) -> None:
    """Print the directory as CSV, as `import` takes it; no cell is a formula. With --json a line for each.

    Examples:
      revstream clients export > clients.csv
    """

    async def work(api: ApiClient) -> None:
        if json:
            async for client in _listed(api):
                json_line({name: client[name] for name in ("client", "name", *LISTS)})
            return
        writer = csv.writer(sys.stdout)
        writer.writerow(("client", "name", *LISTS))
        async for client in _listed(api):
            cells = (client["client"], client["name"], *(";".join(client[name]) for name in LISTS))
            writer.writerow(map(escaped, cells))

    asked(api_key, work)


async def _listed(api: ApiClient) -> AsyncIterator[api_client.Json]:
    async for client in api.every("/api/clients", sort="name"):
        if client["listed"]:
            yield client


def _file(name: str) -> tuple[bytes, str]:
    try:
        content = sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        refuse(f"{name} can't be read: {error.strerror or error}")
    return content, "application/json" if name.casefold().endswith(".json") else "text/csv"


def _show(console: Console, ended: api_client.Json) -> None:
    told = ", ".join(f"{ended[name]} {name}" for name in COUNTS)
    prefix = "dry run, nothing is changed: " if ended["dry_run"] else ""
    console.print(f"{prefix}{ended['state']}: {told}", markup=False)
    if not ended["errors"]:
        return
    table = Table("row", "client", "field", "what is wrong")
    for error in ended["errors"][:MOST_SHOWN]:
        table.add_row(*(Text(str(error[name])) for name in ("row", "client", "field", "message")))
    console.print(table)
    if len(ended["errors"]) > MOST_SHOWN:
        console.print(f"and {len(ended['errors']) - MOST_SHOWN} more; --json prints them", markup=False)
