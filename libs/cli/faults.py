"""How a command ends when it can't do what was asked."""

import sys
from typing import NoReturn

import typer

OK = 0
FOUND_A_PROBLEM = 1
WRONG_USE = 2
UNAVAILABLE = 3


def say(text: str) -> None:
    """One line for the person at the terminal, beside the output proper."""
    sys.stderr.write(f"{text}\n")


def refuse(text: str) -> NoReturn:
    """End with exit code 2: the command was used in a way that makes no sense."""
    say(f"revstream: {text}")
    raise typer.Exit(WRONG_USE)
