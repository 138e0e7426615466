"""What the pages for operators name exists: commands, options, codes, checks, links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from libs.cli import checks, database_checks, kafka_checks, port_checks, stripe_checks
from libs.cli.main import revstream
from services.api import connection_errors
from services.api.openapi.problem_codes import CODES
from tests.source_tree import ROOT

DOCS = ROOT / "docs"
PAGES = [DOCS / "troubleshooting.md", DOCS / "operations.md"]
PROGRAM: Any = typer.main.get_command(revstream())
COMMAND = re.compile(r"revstream ((?:[a-z-]+ ?)+)([^`\n|>#]*)")
TOLD_BY = (checks, database_checks, kafka_checks, port_checks, stripe_checks, connection_errors)


def sources(*folders: str) -> str:
    return "\n".join(path.read_text() for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


def commands(text: str) -> Iterator[tuple[str, Any, str]]:
    """What is called, its command, and the rest of the line."""
    code = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) + re.findall(r"`([^`\n]+)`", text)
    for found in COMMAND.finditer("\n".join(code)):
        words = found[1].split()
        command = PROGRAM
        while words and getattr(command, "commands", None):
            command = command.commands.get(words.pop(0))
            assert command is not None, found[0]
        yield found[0], command, " ".join(words) + " " + found[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_exists(page: Path) -> None:
    found = list(commands(page.read_text()))
    assert len(found) > 10
    for line, command, rest in found:
        known = {name for each in command.params for name in each.opts}
        assert [option for option in re.findall(r"--[a-z-]+", rest) if option not in known] == [], line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_heading(page: Path) -> None:
    for name, anchor in re.findall(r"\]\(([a-z-]*\.(?:md|json))?(?:#([a-z-]+))?\)", page.read_text()):
        target = DOCS / name if name else page
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, f"{name}#{anchor}"


def test_every_code_is_one_that_is_told() -> None:
    text = (DOCS / "troubleshooting.md").read_text()
    tables = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    named = {code for cell in tables for code in re.findall(r"`([a-z]+_[a-z_]+)`", cell)}
    told = sources("services/api", "services/ingest", "libs/stripe_gateway", "libs/cli", "libs/runtime")
    assert named
    assert {code for code in named if f'"{code}"' not in told} == set()
    assert {"sync_running", "sync_too_soon", "not_now"} <= CODES.keys()


@pytest.mark.parametrize(
    "words",
    ["nobody has read the topics for", "records behind", "is not ready", "not all in sync", "in use, or no port",
     "polling finds events", "no signing secret", "signatures are refused"],
)  # fmt: skip
def test_what_doctor_is_said_to_say_it_says(words: str) -> None:
    said = "\n".join(Path(str(module.__file__)).read_text() for module in TOLD_BY)
    assert words.casefold() in said.casefold()
    assert words.casefold() in (DOCS / "troubleshooting.md").read_text().casefold()
