"""Help as the terminal shows it, from a command's docstring: paragraphs that flow, and its examples below the options.

A paragraph that begins with `Examples:` has one a line.
"""

from inspect import cleandoc

import typer

EXAMPLES = "Examples:"


def read_help(text: str) -> tuple[str, str | None]:
    """The help and what stands below the options; None where there are no examples."""
    paragraphs = cleandoc(text).split("\n\n")
    flowing = [" ".join(one.split()) for one in paragraphs if not one.startswith(EXAMPLES)]
    lines = [line.strip() for one in paragraphs if one.startswith(EXAMPLES) for line in one.splitlines()]
    return "\n\n".join(flowing), "\n\n".join(lines) or None


def tidy(app: typer.Typer) -> None:
    """Put the help of every command of the program, and of its parts, into this form."""
    for command in app.registered_commands:
        text = command.help or (command.callback.__doc__ if command.callback else None)
        if text:
            command.help, examples = read_help(text)
            command.epilog = examples or command.epilog  # a part of the program may be tidy already
    for part in app.registered_groups:
        if part.typer_instance is not None:
            tidy(part.typer_instance)
