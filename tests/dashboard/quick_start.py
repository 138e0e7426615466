"""`./run quick-start`: does on a fresh clone just what docs/quick-start.md says, and times it.

The commands are taken from the page. The clock runs from the first of them until a figure on the dashboard has moved.
"""

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from tests.dashboard.browser import NoBrowser, launched, signed_in

ROOT = Path(__file__).resolve().parents[2]
GUIDE = "docs/quick-start.md"
COMMAND = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PRINTED = {
    "dashboard": re.compile(r"dashboard\s+(http\S+/#key=\S+)"),
    "API": re.compile(r"API\s+(http\S+)"),
    "KEY": re.compile(r"key (rsk_[\w-]+)"),
}
FIGURE = "() => document.querySelector('[data-metric=mrr]')?.innerText"
MOVED = "() => document.querySelector('.ticker .fresh') !== null"
AIM_SECONDS, MOST_SECONDS = 180, 600
STOP_SECONDS = 60
PAGE_MS = 120_000
FELL_SHORT, UNAVAILABLE = 1, 3


@dataclass(frozen=True, slots=True)
class Guide:
    """The page's commands, in its order: the demo, a question to the API, the check."""

    demo: str
    question: str
    check: str

    @classmethod
    def of(cls, text: str) -> "Guide":
        """Raises ValueError where the page tells other commands than these three."""
        found = [each.strip() for each in COMMAND.findall(text)]
        if len(found) != 3 or "demo" not in found[0] or "curl" not in found[1] or "--check" not in found[2]:
            raise ValueError(f"{GUIDE} tells other commands than the demo, a question and the check: {found}")
        return cls(*found)


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands as somebody types them in the clone."""

    clone: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of somebody who has nothing of ours yet."""
        dropped = {"VIRTUAL_ENV", "REVSTREAM_HOME", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH"}
        return {name: value for name, value in os.environ.items() if name not in dropped}

    @asynccontextmanager
    async def running(self, command: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The command, until the block ends; Ctrl-C then. All that it says is on its output."""
        process = await asyncio.create_subprocess_shell(
            f"exec {command} 2>&1", cwd=self.clone, env=self.environment, stdout=asyncio.subprocess.PIPE, limit=2**20
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()

    async def answer(self, command: str, given: Mapping[str, str]) -> tuple[int, str]:
        """How the command ends, and what it prints."""
        process = await asyncio.create_subprocess_shell(
            command, cwd=self.clone, env={**self.environment, **given}, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode(errors="replace")


async def printed(output: asyncio.StreamReader) -> dict[str, str]:
    """The addresses and the key, as soon as all of them have been printed."""
    found: dict[str, str] = {}
    async for line in output:
        text = line.decode(errors="replace")
        say(text.rstrip())
        for name, pattern in PRINTED.items():
            if match := pattern.search(text):
                found[name] = match.group(1)
        if len(found) == len(PRINTED):
            return found
    raise AssertionError("the demo ended before it had printed its addresses")


async def moved(page: Page) -> None:
    """Wait until a figure is there and something that came live has been shown."""
    await page.wait_for_function(FIGURE, timeout=PAGE_MS)
    await page.wait_for_function(MOVED, timeout=PAGE_MS)


async def followed(clone: Path) -> float:
    """Follow the page in the clone; seconds until the figures moved. Raises AssertionError where it leads astray."""
    guide, shell = Guide.of((clone / GUIDE).read_text()), Shell(clone)
    began = time.monotonic()
    async with shell.running(guide.demo) as demo, launched() as browser:
        assert demo.stdout is not None
        given = await printed(demo.stdout)
        say(f"addresses after {time.monotonic() - began:.0f} s")
        reading = asyncio.create_task(demo.stdout.read())
        context = await browser.new_context()
        await moved((await signed_in(context, given["dashboard"])).page)
        took = time.monotonic() - began
        say(f"the figures moved after {took:.0f} s")
        status, answer = await shell.answer(guide.question, given)
        if status or '"mrr"' not in answer:
            raise AssertionError(f"{guide.question}: {status} {answer[:300]}")
        await context.close()
    await reading
    status, answer = await shell.answer(guide.check, {})
    if status:
        raise AssertionError(f"{guide.check}: {status} {answer[-500:]}")
    say(f"{guide.check}: equal")
    return took


def main() -> int:
    """Clone, follow, tell; the exit code."""
    with tempfile.TemporaryDirectory(prefix="revstream-quick-start-") as folder:
        return asyncio.run(timed(Path(folder) / "revstream"))


async def timed(clone: Path) -> int:
    """The same in this folder."""
    cloning = await asyncio.create_subprocess_exec("git", "clone", "--quiet", str(ROOT), str(clone))
    if await cloning.wait():
        say(f"{ROOT} can't be cloned: it has to be a git repository")
        return UNAVAILABLE
    async with asyncio.timeout(MOST_SECONDS):
        took = await followed(clone)
    sys.stdout.write(f"figures moved after {took:.0f} s (aim: {AIM_SECONDS} s)\n")
    return 0 if took < AIM_SECONDS else FELL_SHORT


def say(text: str) -> None:
    """Progress, apart from the answer."""
    sys.stderr.write(f"quick-start: {text}\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoBrowser as reason:
        say(str(reason))
        sys.exit(UNAVAILABLE)
