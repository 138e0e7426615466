"""One demo and one browser for all tests of the dashboard."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.dashboard.browser import NoBrowser, Watched, chromium, launched, sign_in, stilled, watched
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
    """A visitor of the demo's dashboard, signed in, to whom the live stream tells nothing."""
    async with await browser.new_context() as context:
        await sign_in(context, demo.api, demo.key)
        visitor = await watched(context, demo.api)
        await stilled(visitor.page)
        yield visitor
        await visitor.page.unroute_all(behavior="ignoreErrors")


@pytest.fixture
async def phone(browser: Browser, demo: Demo) -> AsyncIterator[Watched]:
    """The same with a phone in the hand."""
    async with await browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, device_scale_factor=2
    ) as context:
        await sign_in(context, demo.api, demo.key)
        visitor = await watched(context, demo.api)
        await stilled(visitor.page)
        yield visitor
        await visitor.page.unroute_all(behavior="ignoreErrors")
