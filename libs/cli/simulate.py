"""`revstream simulate`: what the system would say of an account told in a file."""

import sys
from collections.abc import Iterator
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from libs.cli.faults import WRONG_USE, say
from libs.cli.files import STANDARD_INPUT, content_of, wall_clock
from libs.cli.located import ScenarioError, parsed
from libs.cli.scenario import read_scenario
from libs.cli.simulation import Out
from libs.cli.simulation import simulate as simulated

HELP = """Run the rules over scenarios and print what the system would say, without Kafka or PostgreSQL.

A scenario is a JSON file: as_of, policy, clients, customers, subscriptions, coupons, discounts, prices, invoices,
events, period, risk; each may be left out. Several files, or - with one scenario a line, print one JSON a line. A
scenario that makes no sense is told with the JSON path of the fault, and the exit code is 2.

Examples:
  revstream simulate scenario.json
  revstream simulate --json - < scenarios.jsonl
"""


def simulate(
    scenarios: Annotated[list[str], typer.Argument(help="scenario files, or - for one scenario a line")],
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Print the answer to each scenario in turn; go on after one that makes no sense."""
    told = list(_scenarios(scenarios))
    senseless = 0
    for name, text in told:
        try:
            answer = simulated(read_scenario(parsed(text, ""), wall_clock))
        except ScenarioError as error:
            senseless += 1
            say(f"revstream: {name}: {error}")
            answer = {"error": {"scenario": name, "path": error.path, "message": error.fault}}
        _print(name, answer, json)
    if senseless:
        raise typer.Exit(WRONG_USE)


def _scenarios(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        text = content_of(name)
        if name != STANDARD_INPUT or _is_one(text):
            yield name, text
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield f"line {number}", line


def _is_one(text: str) -> bool:
    """Whether standard input holds one scenario written over several lines."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _print(name: str, answer: Out, json: bool) -> None:
    if json:
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
        sys.stdout.flush()
    elif "error" not in answer:
        _print_table(name, answer)


def _movements(movements: list[dict[str, object]]) -> Table:
    columns = ("date", "client", "kind", "amount", "currency", "before", "after", "reason")
    table = Table(*columns, title="movements")
    for movement in movements:
        estimated = " (estimated)" if movement["estimated"] else ""
        table.add_row(*(f"{movement[name]}{estimated if name == 'reason' else ''}" for name in columns))
    return table


def _signals(signals: list[dict[str, object]]) -> Table:
    columns = ("opened_at", "client", "rule", "severity", "status", "message")
    table = Table(*columns, title="signals")
    for signal in signals:
        how = signal["resolution"] or signal["status"]
        table.add_row(*(str(how if name == "status" else signal[name]) for name in columns))
    return table


def _print_table(name: str, answer: Out) -> None:
    table = Table(title=f"{name} at {answer['as_of']}", show_header=False)
    for part in ("mrr_total", "mrr_by_currency", "mrr_by_client", "mrr_by_customer", "mrr_by_subscription",
                 "mrr_by_item", "active_subscriptions", "active_subscribers"):  # fmt: skip
        value = answer[part]
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for place, (key, amount) in enumerate(rows):
            table.add_row("" if place else part, str(key), str(amount))
    console = Console()
    console.print(table)
    movements = answer["movements"]
    if isinstance(movements, list) and movements:
        console.print(_movements(movements))
    signals = answer["signals"]
    if isinstance(signals, list) and signals:
        console.print(_signals(signals))
    for note in answer["notes"] if isinstance(answer["notes"], list) else []:
        console.print(f"• {note}", highlight=False, markup=False)
