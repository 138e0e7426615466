"""A real browser on the dashboard: Debian's Chromium, driven by Playwright, that notes whatever goes wrong."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
INSTALL_SECONDS = 240
PAGE_MS = 20_000
EVENTS = "text/event-stream"
SILENCE = "retry: 600000\n\n"


class NoBrowser(Exception):
    """There is no Chromium, and none can be installed; `str()` says what to do."""


@cache
def chromium() -> str:
    """Where Chromium is. On a CI machine it is installed where that is allowed. Raises NoBrowser."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI") and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = shutil.which("chromium")
    if found is None:
        raise NoBrowser("no Chromium on the path: install your system's chromium package to test the dashboard")
    return found


def _install() -> None:
    try:
        for command in (("apt-get", "update", "-qq"), INSTALL):
            subprocess.run(command, capture_output=True, check=True, timeout=INSTALL_SECONDS, text=True)
    except subprocess.CalledProcessError as error:
        raise NoBrowser(f"Chromium could not be installed: {error.stderr[-300:]}") from error
    except subprocess.TimeoutExpired as error:
        raise NoBrowser(f"Chromium could not be installed within {INSTALL_SECONDS} s") from error


@dataclass
class Watched:
    """A page, and what a person would never see: errors in the console, and requests to other hosts."""

    page: Page
    host: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note from now on."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.host, "data:", "blob:")):
            self.foreign.append(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.errors.append(f"{response.status} for {response.request.method} {response.url}")


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Chromium without a window. Raises NoBrowser."""
    path = chromium()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            await browser.close()


async def watched(context: BrowserContext, host: str) -> Watched:
    """A page of the context, watched from the first request on."""
    page = await context.new_page()
    page.set_default_timeout(PAGE_MS)
    found = Watched(page, host)
    found.watch()
    return found


async def signed_in(context: BrowserContext, address: str) -> Watched:
    """A page of somebody who opened the address that the demo prints."""
    found = await watched(context, address.partition("/#")[0])
    await found.page.goto(address)
    await found.page.wait_for_selector("nav a[aria-current]", state="attached")  # a phone folds the pages away
    return found


async def stilled(page: Page) -> None:
    """No news from the live stream: what is looked at closely stands still, however the demo lives on."""
    await page.route("**/api/alerts/stream*", lambda route: route.fulfill(body=SILENCE, content_type=EVENTS))


async def sign_in(context: BrowserContext, base: str, key: str) -> None:
    """Give the context the session's cookie, as the login page would."""
    headers = {"X-Revstream-Dashboard": "1", "Sec-Fetch-Site": "same-origin"}
    answer = await context.request.post(f"{base}/session", data={"key": key}, headers=headers)
    if not answer.ok:
        raise AssertionError(f"the API did not take the key: {answer.status}")


async def settled(page: Page) -> None:
    """Wait until nothing on the page is still loading."""
    await page.wait_for_function("() => document.querySelector('main h1') && !document.querySelector('[aria-busy]')")
