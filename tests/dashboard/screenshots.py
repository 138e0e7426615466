"""`./run screenshots [FOLDER]`: every page of the dashboard on the demo's data, light, dark and on a phone."""

import asyncio
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import aiohttp
from playwright.async_api import Browser

from tests.dashboard.browser import NoBrowser, launched, settled, signed_in
from tests.dashboard.demo import Demo, running_demo

FOLDER = Path("screenshots")
UNAVAILABLE = 3
PAGES = {
    "overview": "/?range=365",
    "clients": "/clients",
    "alerts": "/alerts",
    "rules": "/alerts?tab=rules",
    "endpoints": "/alerts?tab=endpoints",
    "cohorts": "/cohorts",
    "cancellations": "/cancellations?range=365",
    "trials": "/trials?range=365",
    "renewals": "/renewals",
    "payments": "/payments",
    "mapping": "/mapping",
    "integration": "/integration",
}
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True},
}


async def take(browser: Browser, demo: Demo, folder: Path) -> int:
    """Write a picture of every page in every look into `folder`; gives how many."""
    written = 0
    for look, terms in LOOKS.items():
        context = await browser.new_context(**terms)  # type: ignore[arg-type]  # names and values are Playwright's own
        page = (await signed_in(context, demo.dashboard)).page
        for name, path in (PAGES | {"client": await _largest(demo)}).items():
            await page.goto(f"{demo.api}{path}")
            await settled(page)
            await page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
            written += 1
        await context.close()
    return written


async def _largest(demo: Demo) -> str:
    """The page of the client with the most MRR."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {demo.key}"}) as session,
        session.get(f"{demo.api}/api/clients?sort=-mrr&limit=1") as response,
    ):
        (first,) = (await response.json())["data"]
    return f"/clients/{quote(first['client'], safe='')}"


async def main(folder: Path) -> None:
    """Start the demo and a browser, take the pictures, say where they are."""
    with tempfile.TemporaryDirectory() as home:
        async with launched() as browser, running_demo(Path(home), customers=60) as demo:
            written = await take(browser, demo, folder)
    sys.stdout.write(f"{written} pictures in {folder}\n")


if __name__ == "__main__":
    try:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(main(folder))
    except NoBrowser as reason:
        sys.stderr.write(f"revstream: {reason}\n")
        sys.exit(UNAVAILABLE)
