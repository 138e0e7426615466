"""`revstream status`: how each connected Stripe account stands."""

from datetime import timedelta

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from libs.cli import api_client
from libs.cli.api_client import ApiClient
from libs.cli.asking import STRIPE, ApiKey, Json, asked
from libs.cli.faults import FOUND_A_PROBLEM
from libs.cli.mapping_told import mapped
from libs.cli.output import json_line

HELP = """Show how each connected Stripe account stands: syncs, webhooks, errors and what to do about them.

The exit code is 1 where something is wrong with one of them.

Examples:
  revstream status
  revstream status --json
"""
COLOURS = {
    **dict.fromkeys(("active", "healthy", "succeeded"), "green"),
    **dict.fromkeys(("partial", "silent", "unset", "revoked", "cancelled"), "yellow"),
    **dict.fromkeys(("error", "failed", "failing"), "red"),
}


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
    console.print(f"Mapped to clients: {mapped(mapping)}", markup=False)
    if drift["checked_at"]:
        told = f"{drift['found']} differences found, {drift['fixed']} fixed"
        console.print(f"Compared with Stripe {drift['checked_at']}: {told}", markup=False)
    if answer.get("webhook_url"):
        console.print(f"Webhooks go to {answer['webhook_url']}", markup=False, soft_wrap=True)


def _show_connection(console: Console, connection: api_client.Json) -> None:
    mode = "live" if connection["livemode"] else "TEST MODE"
    name = connection["name"] or connection["account"]
    table = Table("", "", show_header=False, title=escape(f"{name} ({connection['account']}, {mode})"))
    last, error = connection["last_sync"], connection["error"]
    table.add_row("state", _coloured(connection["state"]))
    if connection.get("method"):
        by = f"OAuth, {connection['scope']}" if connection["method"] == "oauth" else "restricted key"
        table.add_row("connected by", by)
    table.add_row("last successful sync", connection["last_successful_sync"] or "none yet")
    table.add_row("last sync", f"{last['id']}: {_coloured(last['state'])}" if last else "none")
    table.add_row("next sync", connection["next_sync"] or "not planned")
    table.add_row("webhooks", _webhooks(connection["webhook"]))
    for resource in connection["resources"]:
        table.add_row(f"  {resource['name']}", _resource(resource))
    lacking = [each["resource"] for each in connection.get("permissions") or [] if not each["read"]]
    if lacking:
        table.add_row("may not be read", ", ".join(lacking))
    if error:
        _show_error(table, error)
    console.print(table)


def _coloured(state: str) -> str:
    return f"[{COLOURS[state]}]{state}[/]" if state in COLOURS else state


def _webhooks(webhook: api_client.Json) -> str:
    told = f"{_coloured(webhook['state'])}, {webhook['events_24h']} events in 24 hours"
    if webhook["last_event_at"]:
        told += f", the last of {webhook['last_event_at']}"
    if webhook["skew_seconds"] is not None:
        told += f", {webhook['skew_seconds']:.1f} s after they were made"
    return told


def _resource(resource: api_client.Json) -> str:
    told = f"{_coloured(resource['state'])}, {resource['rows']} rows"
    if resource.get("lag_seconds") is not None:
        told += f", as of {timedelta(seconds=round(resource['lag_seconds']))} ago"
    error = resource["last_error"]
    return told if not error else f"{told}; {escape(str(error['message']))}"


def _show_error(table: Table, error: api_client.Json) -> None:
    request = f" (Stripe request {error['stripe_request_id']})" if error.get("stripe_request_id") else ""
    of = f"{error['resource']}: " if error.get("resource") and error["resource"] not in error["message"] else ""
    table.add_row("[red]error[/]", escape(f"{of}{error['message']}{request}"))
    if error.get("code"):
        table.add_row("code", escape(str(error["code"])))
    table.add_row("last time all was well", error.get("last_ok") or "never")
    table.add_row("what to do", escape(str(error["hint"])))
