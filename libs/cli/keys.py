"""`revstream keys`: API keys of projects, and keys that seal secrets."""

import typer

from libs.runtime.crypto import generate_key

app = typer.Typer(help="API keys of projects, and keys that seal secrets at rest.", no_args_is_help=True)


@app.command("encryption-key")
def encryption_key() -> None:
    """Print a new key for REVSTREAM_ENCRYPTION_KEYS."""
    typer.echo(generate_key())
