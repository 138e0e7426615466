"""`revstream doctor`: everything that can be wrong, and what to do about it."""

import asyncio
import logging

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from libs.cli.asking import ApiKey, Json
from libs.cli.checks import machine, postgres, services
from libs.cli.database_checks import database
from libs.cli.faults import FOUND_A_PROBLEM, UNAVAILABLE
from libs.cli.findings import Finding, State, place_of
from libs.cli.kafka_checks import kafka
from libs.cli.output import json_line
from libs.cli.stripe_checks import stripe

HELP = """Check this machine, Kafka, PostgreSQL, the services, and how the accounts at Stripe stand.

This machine: Python, disk, ports. Kafka: topics, replicas in sync, dead letters, lag. PostgreSQL: schema, locks, clock,
read model, encryption keys, the chain of the audit log, how the last `revstream audit` came out. Stripe: each
connection, what its key may not read, its webhooks, the delay of its events, how far customers are mapped.

Exit codes: 0 all is well, 1 a check found a problem, 3 nothing runs. With an API key, the key's project is looked at.

Examples:
  revstream doctor
  revstream doctor --api-key rsk_… --json
"""
COLOURS = {State.OK: "green", State.PROBLEM: "red", State.SKIPPED: "yellow"}


def doctor(api_key: ApiKey = None, json: Json = False) -> None:
    """Run all checks, print each; the exit code tells the worst."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it would tell in its words what a finding tells
    place = place_of()

    async def work() -> list[Finding]:
        checked = await asyncio.gather(
            machine(place), kafka(place), postgres(place), database(place), services(place), stripe(place, api_key)
        )
        return [finding for findings in checked for finding in findings]

    found = asyncio.run(work())
    is_well = all(finding.state is not State.PROBLEM for finding in found)
    if json:
        json_line({"ok": is_well, "checks": [finding.fields() for finding in found]})
    else:
        _show(found)
    if not is_well:
        raise typer.Exit(FOUND_A_PROBLEM if place.is_anywhere else UNAVAILABLE)


def _show(found: list[Finding]) -> None:
    table = Table("check", "", "found", "what to do")
    for finding in found:
        state = f"[{COLOURS[finding.state]}]{finding.state}[/]"
        table.add_row(finding.check, state, escape(finding.told), escape(finding.hint))
    Console().print(table)
