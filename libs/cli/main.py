"""`revstream`: one command for everything. Exit codes: 0 ok, 1 found a problem, 2 wrong use, 3 unavailable."""

import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module

import typer

from deploy.failures import StackUnavailable
from libs.cli.faults import UNAVAILABLE, say
from libs.cli.help_text import tidy

COMPLETING = "_REVSTREAM_COMPLETE"
# Each is a module of this folder: with an `app` of its own, or a function of the command's name (and its HELP).
COMMANDS = (
    *("up", "demo", "doctor", "connect", "status", "sync", "explain", "simulate"),
    *("audit", "dlq", "replay", "clients", "keys", "bench"),
)


def revstream(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """The program with these commands. One is loaded for one call: whole servers behind the others take seconds."""
    app = typer.Typer(
        name="revstream",
        help="Stripe accounts as live, exact, per-client recurring revenue and churn-risk signals.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(lambda: None)  # without it, typer makes an only command the whole program
    for name in commands:
        _register(app, name)
    tidy(app)
    return app


def _register(app: typer.Typer, name: str) -> None:
    module = import_module(f"libs.cli.{name}")
    part = getattr(module, "app", None)
    if isinstance(part, typer.Typer):
        app.add_typer(part, name=name)
        return
    app.command(name, help=getattr(module, "HELP", None))(getattr(module, name))


def _asked(arguments: Iterable[str]) -> tuple[str, ...]:
    """The command that is asked for; all of them where it is none, so that help and refusals know each."""
    first = next((each for each in arguments if not each.startswith("-")), None)
    return (first,) if first in COMMANDS else COMMANDS


def _typed(environment: Mapping[str, str] = os.environ) -> list[str]:
    """What was typed: for a shell that wants it completed, in its variables."""
    words = environment.get("COMP_WORDS", environment.get("_TYPER_COMPLETE_ARGS", ""))
    return words.split()[1:] if COMPLETING in environment else sys.argv[1:]


def main() -> None:
    """The command's entry point. What can't be had is one sentence, not a traceback."""
    try:
        revstream(_asked(_typed()))()
    except StackUnavailable as error:
        say(f"revstream: {error}")
        sys.exit(UNAVAILABLE)


if __name__ == "__main__":
    main()
