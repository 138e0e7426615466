"""`revstream`: one command for everything. Exit codes: 0 ok, 1 found a problem, 2 wrong use, 3 unavailable."""

import sys

import typer

from deploy.failures import StackUnavailable
from libs.cli import demo, explain, keys, simulate, up
from libs.cli.faults import UNAVAILABLE, say

app = typer.Typer(
    name="revstream",
    help="Stripe accounts as live, exact, per-client recurring revenue and churn-risk signals.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up", help=up.HELP)(up.up)
app.command("demo")(demo.demo)
app.command("explain", help=explain.HELP)(explain.explain)
app.command("simulate", help=simulate.HELP)(simulate.simulate)
app.add_typer(keys.app, name="keys")


def main() -> None:
    """The command's entry point. What can't be had is one sentence, not a traceback."""
    try:
        app()
    except StackUnavailable as error:
        say(f"revstream: {error}")
        sys.exit(UNAVAILABLE)


if __name__ == "__main__":
    main()
