"""`revstream audit`: the ledger balances, tables say what topics say, MRR is what Stripe's objects say."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from deploy.failures import StackUnavailable
from libs.cli.asking import Json
from libs.cli.auditing.auditor import Servers, Wanted, audited
from libs.cli.auditing.report import ProjectReport, fields, sentence
from libs.cli.faults import FOUND_A_PROBLEM, refuse
from libs.cli.findings import place_of
from libs.cli.output import json_line

HELP = """Prove the figures: the ledger balances, the read model equals the topics, MRR equals Stripe's own objects.

Ledger: each entry goes on from the one before, entries add up to each client's MRR by currency and in the base
currency, transfers net to zero, kept sums are those of the entries. Read model: every row beside the records of the
topics, read again from the first one. MRR: every subscription, customer and client beside a second implementation in
plain SQL over the raw objects, under the project's policy and every preset.

Works on a running system: compared is what has been applied at one instant, and what differs is looked at again before
it is told. Each difference is printed with what both sides say. How it came out is kept for a year: `revstream doctor`
tells of the last one. Exit codes: 0 none, 1 some, 3 no system.

Examples:
  revstream audit
  revstream audit --project acme --json
"""


def audit(
    project: Annotated[str | None, typer.Option(help="only this project; all of them unless given")] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="seconds for which what differs may only be on its way")
    ] = 15.0,
    json: Json = False,
) -> None:
    """Run all checks; tell every difference."""
    reports = asyncio.run(_reports(_servers(), Wanted(project, patience)))
    if json:
        json_line(fields(reports))
    else:
        _show(Console(highlight=False), reports)
    if any(report.differences for report in reports):
        raise typer.Exit(FOUND_A_PROBLEM)


def _servers() -> Servers:
    place = place_of()
    if place.kafka is None or place.database is None:
        raise StackUnavailable(place.missing or "set DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS")
    return Servers(place.kafka, place.database)


async def _reports(servers: Servers, wanted: Wanted) -> list[ProjectReport]:
    """Progress goes to standard error where that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("looking", total=None)

        def say(what: str, done: int, whole: int) -> None:
            progress.update(task, description=what, completed=done, total=whole or None)

        try:
            return [report async for report in audited(servers, wanted, say)]
        except LookupError as error:
            refuse(str(error))


def _show(console: Console, reports: Sequence[ProjectReport]) -> None:
    for report in reports:
        found = report.findings
        for check, seen in found.seen.items():
            count = found.counts[check]
            told = f"{count} differences" if count else "equal"
            console.print(f"{report.project}  {check.part}: {check.name}: {told} ({seen} compared)", markup=False)
        for note in report.notes:
            console.print(f"{report.project}  note: {note}", markup=False)
        for one in found.differences:
            console.print(sentence(one), markup=False, soft_wrap=True)
        unlisted = report.differences - len(found.differences)
        if unlisted:
            console.print(f"{report.project}  and {unlisted} more", markup=False)
    total = sum(report.differences for report in reports)
    console.print(f"{total} differences in {len(reports)} projects", markup=False)
