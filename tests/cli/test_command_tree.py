"""What holds for every command: help with examples, JSON for programs, exit codes, no colours in a pipe, completion."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from libs.cli.help_text import read_help
from libs.cli.main import COMMANDS, revstream

CONTRACT = {"up", "demo", "doctor", "connect", "status", "sync", "explain", "simulate", "audit", "replay", "bench",
            "keys create", "dlq list", "dlq show", "dlq retry", "dlq drop", "clients import"}  # fmt: skip
ESCAPE = "\x1b"
Command = Any  # typer has its own click inside, without public names


def commands(command: Command, name: str = "") -> Iterator[tuple[str, Command]]:
    """Each command that does something, by what is typed for it."""
    parts = getattr(command, "commands", None)
    if parts is None:
        yield name.strip(), command
        return
    for part, inner in parts.items():
        yield from commands(inner, f"{name} {part}")


PROGRAM = typer.main.get_command(revstream())
TREE = dict(commands(PROGRAM))


def options(command: Command) -> dict[str, Any]:
    return {name: each for each in command.params for name in each.opts}


def test_the_contract_is_there() -> None:
    assert CONTRACT - TREE.keys() == set()
    assert {name.split()[0] for name in TREE} == set(COMMANDS)


@pytest.mark.parametrize("name", TREE)
def test_every_command_speaks_json(name: str) -> None:
    assert "--json" in options(TREE[name])


@pytest.mark.parametrize("name", TREE)
def test_every_command_says_what_it_does_with_examples(name: str) -> None:
    command = TREE[name]
    assert command.help
    title, *lines = (command.epilog or "").split("\n\n")
    assert title == "Examples:"
    assert lines
    for line in lines:
        words = line.partition("revstream ")[2].split()
        assert " ".join(words).startswith(name), line
        asked = [word.partition("=")[0] for word in words if word.startswith("--")]
        assert [word for word in asked if word not in options(command)] == [], line


def test_a_program_made_twice_still_has_its_examples() -> None:
    again = dict(commands(typer.main.get_command(revstream(("dlq",)))))
    assert [name for name, command in again.items() if not command.epilog] == []


@pytest.mark.parametrize("name", TREE)
def test_every_option_and_argument_says_what_it_is_for(name: str) -> None:
    assert [each.name for each in TREE[name].params if not getattr(each, "help", None)] == []


def test_help_flows_and_its_examples_stand_below() -> None:
    text = "First\n    line.\n\n    More\n    of it.\n\n    Examples:\n      a b\n      c\n    "
    assert read_help(text) == ("First line.\n\nMore of it.", "Examples:\n\na b\n\nc")
    assert read_help("Only this.") == ("Only this.", None)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("revstream"), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_pipe_gets_no_colours_and_wrong_use_is_code_2() -> None:
    wrong = run("dlq", "retry", "--nonsense")
    assert wrong.returncode == 2
    assert ESCAPE not in wrong.stdout + wrong.stderr
    assert "--nonsense" in wrong.stderr


def test_no_color_is_heeded_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = "\x1b[3[0-9]m"
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(force_terminal=True)
    with console.capture() as plain:
        console.print("[red]x[/]")
    assert re.search(coloured, plain.get()) is None


def test_the_shell_completes_commands() -> None:
    """As bash asks: the word so far, and the program in an environment of its own."""
    asked = run(_REVSTREAM_COMPLETE="complete_bash", COMP_WORDS="revstream dlq re", COMP_CWORD="2")
    assert asked.stdout.split() == ["retry"]
