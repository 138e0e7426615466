"""`revstream explain`: what each subscription item of a file adds to MRR, and why."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from libs.cli.account import Account, account_of
from libs.cli.explanation import Out, explanation
from libs.cli.faults import refuse
from libs.cli.files import content_of, wall_clock
from libs.cli.located import Located, ScenarioError, parsed
from libs.cli.policies import policy_at
from libs.cli.stripe_facts import facts_of
from libs.cli.stripe_files import objects_in
from libs.domain.policy import PRESETS, Policy

HELP = """Print each subscription item of FILE with what it adds to MRR, and why.

FILE (or -) holds Stripe objects: a JSON list, a list answer of the API, one object, or JSON lines. Customers, coupons,
discounts and prices beside the subscriptions complete them.

Examples:
  revstream explain subscriptions.json --policy chartmogul
  revstream explain - --at 2026-11-01T00:00:00Z --json < answer.json
"""


def explain(
    file: Annotated[str, typer.Argument(help="Stripe objects as JSON, or - for standard input")],
    policy: Annotated[str, typer.Option(help=f"a preset ({', '.join(PRESETS)}), JSON options, or a file")] = "default",
    at: Annotated[str | None, typer.Option(help="the instant: ISO 8601 or seconds since 1970; default now")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Print the explanation; what can't be read is told with its path, and the exit code is 2."""
    try:
        answer = explanation(_account(content_of(file), _policy(policy), _instant(at)))
    except ScenarioError as error:
        refuse(f"{file}: {error}")
    if json:
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
    else:
        _print(answer)


def _account(text: str, policy: Policy, as_of: datetime) -> Account:
    facts, _ = facts_of(objects_in(text), as_of)
    return account_of(facts, policy, as_of)


def _policy(given: str) -> Policy:
    """A preset's name, options as JSON, or a file that holds either."""
    text = given.strip()
    if text in PRESETS:
        return PRESETS[text]
    if not text.startswith(("{", '"')):
        if not Path(given).is_file():
            refuse(f"--policy: {given} is neither a preset ({', '.join(PRESETS)}), JSON, nor a file")
        text = content_of(given)
    try:
        return policy_at(Located("", parsed(text, "")))
    except ScenarioError as error:
        refuse(f"--policy: {error}")


def _instant(given: str | None) -> datetime:
    if given is None:
        return wall_clock()
    try:
        return Located("--at", int(given) if given.isascii() and given.isdigit() else given).instant()
    except ScenarioError as error:
        refuse(str(error))


def _print(answer: Out) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    subscriptions = answer["subscriptions"]
    assert isinstance(subscriptions, list)
    for one in subscriptions:
        console.print(
            f"{one['subscription']} of {one['customer']}: {one['mrr']} {one['currency']} a month ({one['rule']})"
        )
        for item in one["items"]:
            console.print(f"  {item['item']} {item['price']}: {item['mrr']} {one['currency']} ({item['rule']})")
            for reason in item["why"]:
                console.print(f"    {reason}")
        for gap in one["gaps"]:
            console.print(f"  incomplete: {gap}")
    if not subscriptions:
        console.print("no subscription in this file")
