"""`python -m tests.bench.pages [--quick]`: the pages' figures on a PostgreSQL alone, to steer by."""

import asyncio
import sys
import tempfile
from pathlib import Path

from deploy.stack import StackSettings, local_stack
from tests.bench.figures import Scale
from tests.bench.pages.runner import measure_at


def say(text: str) -> None:
    """Progress."""
    sys.stderr.write(f"pages: {text}\n")


async def main(scale: Scale) -> None:
    """Fill, measure, print."""
    with tempfile.TemporaryDirectory(prefix="revstream-pages-") as home:
        async with local_stack(StackSettings(Path(home), kafka=False, durable=False)) as servers:
            for figure in await measure_at(servers.database_url, scale, say):
                sys.stdout.write(f"{figure.line()}\n")


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    asyncio.run(main(Scale(1 if quick else 3, quick)))
