"""`revstream status`: how each connected Stripe account stands."""

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from libs.cli import api_client
from libs.cli.api_client import ApiClient
from libs.cli.asking import STRIPE, ApiKey, Json, asked
from libs.cli.faults import FOUND_A_PROBLEM
from libs.cli.output import json_line

HELP = """Show how each connected Stripe account stands: syncs, webhooks, errors and what to do about them.

The exit code is 1 where something is wrong with one of them.
"""


def status(api_key: ApiKey = None, json: Json = False) -> None:
    """Ask the API, and end with 1 when a connection has an error."""

    async def work(api: ApiClient) -> api_client.Json:
        return await api.get(f"{STRIPE}/status")

    answer = asked(api_key, work)
    if json:
        json_line(answer)
    else:
        _show(Console(), answer)
    if any(each["error"] for each in answer["connections"]):
        raise typer.Exit(FOUND_A_PROBLEM)


def _show(console: Console, answer: api_client.Json) -> None:
    if not answer["connections"]:
        console.print("No Stripe account is connected: `revstream connect --key rk_…` connects one.", markup=False)
    for each in answer["connections"]:
        _show_connection(console, each)
    mapping, drift = answer["mapping"], answer["drift"]
    console.print(f"Mapped to clients: {mapping['mapped']} of {mapping['customers']} customers", markup=False)
    if drift["checked_at"]:
        told = f"{drift['found']} differences found, {drift['fixed']} fixed"
        console.print(f"Compared with Stripe {drift['checked_at']}: {told}", markup=False)


def _show_connection(console: Console, connection: api_client.Json) -> None:
    mode = "live" if connection["livemode"] else "TEST MODE"
    name = connection["name"] or connection["account"]
    table = Table("", "", show_header=False, title=escape(f"{name} ({connection['account']}, {mode})"))
    last, webhook, error = connection["last_sync"], connection["webhook"], connection["error"]
    table.add_row("state", connection["state"])
    table.add_row("last successful sync", connection["last_successful_sync"] or "none yet")
    table.add_row("last sync", f"{last['id']}: {last['state']}" if last else "none")
    table.add_row("next sync", connection["next_sync"] or "not planned")
    table.add_row("webhooks", f"{webhook['state']}, {webhook['events_24h']} events in 24 hours")
    for resource in connection["resources"]:
        table.add_row(f"  {resource['name']}", f"{resource['state']}, {resource['rows']} rows")
    if error:
        request = f" (Stripe request {error['stripe_request_id']})" if error.get("stripe_request_id") else ""
        table.add_row("[red]error[/]", escape(f"{error['message']}{request}"))
        table.add_row("what to do", escape(str(error["hint"])))
    console.print(table)
