"""`revstream up`: everything on this machine, until it is asked to stop."""

import asyncio
from typing import Annotated

import typer

from libs.cli.output import Tell, json_line, text_line, told
from libs.cli.running import noted
from libs.cli.stopping import Stop, interruptible
from libs.cli.system import from_environment, running_system

HELP = """Start Kafka, PostgreSQL and the four services; serve until Ctrl-C.

Environment (each has a default): KAFKA_BOOTSTRAP_SERVERS, DATABASE_URL name servers that run already (unset: our own,
under REVSTREAM_HOME); API_PORT (8080), INGEST_PORT (8081), KAFKA_PORT (a free one), TOPIC_PARTITIONS (8);
STRIPE_API_BASE, STRIPE_CONNECT_BASE (Stripe's own), STRIPE_CLIENT_ID, STRIPE_SECRET_KEY (OAuth platform),
STRIPE_OAUTH_SCOPE (read_only); REVSTREAM_ENCRYPTION_KEYS or REVSTREAM_ENCRYPTION_KEYS_FILE (made at the first start
and kept), REVSTREAM_HOME (.revstream), PUBLIC_URL (where Stripe and people reach us from outside).

Examples:
  revstream up
  API_PORT=9090 revstream up --json
  DATABASE_URL=postgresql://… KAFKA_BOOTSTRAP_SERVERS=kafka:9092 revstream up
"""


def up(json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False) -> None:
    """Start everything, say where it answers, stop it on SIGINT and SIGTERM."""
    tell = json_line if json else text_line
    asyncio.run(interruptible(lambda stop: _serve(tell, stop)))


async def _serve(tell: Tell, stop: Stop) -> None:
    settings = from_environment(
        tell=lambda happening: tell(told(happening)),
        say=lambda text: tell({"event": "progress", "message": text}),
    )
    async with running_system(settings) as system:
        with noted(settings.home, system.running()):
            tell({"event": "ready", "api": system.api_url, "ingest": system.ingest_url})
            await stop.wait()
            tell({"event": "stopping"})
    tell({"event": "stopped"})
