"""How commands ask the API: with which key, at which address, and how they end when it refuses."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from typing import Annotated, NoReturn, TypeVar

import aiohttp
import typer

from deploy.failures import StackUnavailable
from libs.cli.api_client import ApiClient, ApiRefused
from libs.cli.faults import FOUND_A_PROBLEM, refuse, say
from libs.cli.running import running_here

KEY_VARIABLE = "REVSTREAM_API_KEY"
STRIPE = "/api/integrations/stripe"
Answer = TypeVar("Answer")

ApiKey = Annotated[
    str | None, typer.Option(envvar=KEY_VARIABLE, help="a key of `revstream keys create`", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


def api_url() -> str:
    """The environment's `PUBLIC_URL`, else the system that runs here. Raises StackUnavailable."""
    return (os.environ.get("PUBLIC_URL") or running_here().api).rstrip("/")


def asked(key: str | None, work: Callable[[ApiClient], Awaitable[Answer]]) -> Answer:
    """What `work` makes of the API. What the API refuses ends the command with a sentence and the right exit code.

    Raises StackUnavailable when there is no API at the address, or it can't answer now.
    """
    if not key:
        refuse(f"an API key is needed: give --api-key or set {KEY_VARIABLE}; `revstream keys create` makes one")
    url = api_url()
    try:
        return asyncio.run(_with_client(url, key, work))
    except ApiRefused as refused:
        _end(refused)
    except (aiohttp.ClientError, TimeoutError, OSError, JSONDecodeError) as error:
        raise StackUnavailable(
            f"no API of revstream answers at {url} ({type(error).__name__}): is it running, and PUBLIC_URL right?"
        ) from error


async def _with_client(url: str, key: str, work: Callable[[ApiClient], Awaitable[Answer]]) -> Answer:
    async with ApiClient(url, key) as api:
        return await work(api)


def _end(refused: ApiRefused) -> NoReturn:
    if refused.status >= 500:
        raise StackUnavailable(str(refused)) from refused
    if refused.status in (401, 403):
        refuse(str(refused))
    say(f"revstream: {refused}")
    raise typer.Exit(FOUND_A_PROBLEM)
