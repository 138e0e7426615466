"""One demo and one browser for all tests of the dashboard."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.dashboard.browser import NoBrowser, Watched, chromium, launched, signed_in
from tests.dashboard.demo import Demo, running_demo


@pytest.fixture(scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    async with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    try:
        chromium()
    except NoBrowser as reason:
        pytest.skip(f"THE DASHBOARD IS NOT TESTED: {reason}")
    async with launched() as browser:
        yield browser


@pytest.fixture
async def visit(browser: Browser, demo: Demo) -> AsyncIterator[Watched]:
    """A visitor of the demo's dashboard, signed in."""
    context = await browser.new_context()
    yield await signed_in(context, demo.dashboard)
    await context.close()
