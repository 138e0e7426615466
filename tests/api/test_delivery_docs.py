"""The examples of docs/alerts-delivery.md are run against the API."""

import asyncio
import re
from pathlib import Path
from typing import Any

from tests.api.builders import signal_delivery, signal_record
from tests.api.posting import Post

PAGE = Path(__file__).parents[2] / "docs" / "alerts-delivery.md"


def examples() -> dict[str, Any]:
    """What the page's Python defines."""
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    return names


async def test_a_receiver_verifies_what_arrives(by_post: Post) -> None:
    made = await by_post.endpoint()
    await by_post.happens("sig_1")
    await by_post.go()
    (got,) = by_post.receiver.got
    page, secret = examples(), made.field("secret")
    assert page["verified"](got.body, got.headers, secret)["data"]["id"] == "sig_1"
    assert page["is_ours"](got.body, got.headers, secret)
    assert page["verified"](got.body + b" ", got.headers, secret) is None
    assert not page["is_ours"](got.body + b" ", got.headers, secret)


async def test_a_program_follows_the_stream(by_post: Post) -> None:
    api = by_post.api
    await api.holds(signal_delivery(signal_record("sig_1")), signal_delivery(signal_record("sig_2")))
    told: list[tuple[str, str, str]] = []

    def handle(event: str, data: Any, id: str) -> None:  # noqa: A002 – the page's name
        told.append((event, data["id"], id))
        if len(told) == 2:
            following.cancel()

    following = asyncio.create_task(examples()["follow"](api.url, api.key, "0", handle))
    await asyncio.wait([following], timeout=10)
    assert told == [("signal", "sig_1", "1"), ("signal", "sig_2", "2")]
