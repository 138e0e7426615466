"""`revstream up` and `keys` as a person uses them: real servers, a webhook, a figure, a second start."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from deploy.ports import free_port
from libs.fake_stripe import FakeStripe
from libs.fake_stripe.settings import AccountSettings
from libs.fake_stripe.signature import sign
from libs.fake_stripe.specs import ItemSpec, PriceSpec, SubscriptionSpec

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
SECRET = "whsec_of_a_test"

pytestmark = pytest.mark.stack


def environment(home: Path, **more: str) -> dict[str, str]:
    ports = {"API_PORT": str(free_port()), "INGEST_PORT": str(free_port())}
    kept = {
        name: value for name, value in os.environ.items() if name not in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL")
    }
    return {**kept, **ports, "REVSTREAM_HOME": str(home), **more}


async def revstream(env: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run one command to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "libs.cli.main", *arguments, env=env, stdout=-1, stderr=-1
    )
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


@asynccontextmanager
async def up(env: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    """`revstream up --json` until the block ends; gives its ready line. It must then stop cleanly in time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "libs.cli.main", "up", "--json", env=env, stdout=-1
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            async for line in process.stdout:
                told = json.loads(line)
                if told["event"] == "ready":
                    break
        yield told
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        await process.stdout.read()
        assert await process.wait() == 0
        assert time.monotonic() - began < STOP_SECONDS
    finally:
        if process.returncode is None:
            process.kill()


def subscribed() -> FakeStripe:
    fake = FakeStripe(settings=AccountSettings(livemode=True))
    price = fake.engine.create_price(PriceSpec(unit="2900"))
    customer = fake.engine.create_customer("a@acme.example")
    fake.engine.create_subscription(customer["id"], SubscriptionSpec(items=(ItemSpec(price["id"], 2),)))
    return fake


async def post_events(url: str, fake: FakeStripe) -> set[int]:
    async with aiohttp.ClientSession() as session:
        statuses = set()
        for event in fake.events:
            body = orjson.dumps(event)
            headers = {"Stripe-Signature": sign(body, (SECRET,), int(time.time()))}
            async with session.post(url, data=body, headers=headers) as answer:
                statuses.add(answer.status)
        return statuses


async def mrr(api: str, key: str) -> object:
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{api}/api/metrics") as answer:
        return (await answer.json())["metrics"]["mrr"].get("amount") if answer.status == 200 else answer.status


async def until_mrr(api: str, key: str, amount: str) -> None:
    async with asyncio.timeout(20):
        while await mrr(api, key) != amount:  # noqa: ASYNC110 – another process's state
            await asyncio.sleep(0.1)


async def test_a_webhook_becomes_a_figure_and_a_second_start_still_knows_it(tmp_path: Path) -> None:
    env = environment(tmp_path)
    async with up(env) as ready:
        code, output, _ = await revstream(env, "keys", "create", "--project", "acme", "--scopes", "admin", "--json")
        issued = json.loads(output)
        assert (code, issued["project"]) == (0, "acme")
        headers = {"Authorization": f"Bearer {issued['key']}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            address = f"{ready['api']}/api/integrations/stripe/webhook-secrets"
            async with session.post(address, json={"secret": SECRET}) as answer:
                assert answer.status == 201
        assert await post_events(f"{ready['ingest']}/webhooks/stripe/acme", subscribed()) == {200}
        await until_mrr(ready["api"], issued["key"], "58.00")
    async with up(env) as ready:
        assert await mrr(ready["api"], issued["key"]) == "58.00"


async def test_a_taken_port_is_one_sentence_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = environment(tmp_path, API_PORT=str(taken.getsockname()[1]))
        code, _, errors = await revstream(env, "up")
    assert code == 3
    assert "is taken by another program" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "running.json").exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("API_PORT", "eighty"), ("INGEST_PORT", "99999"), ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")],
    ids=str,
)
async def test_settings_that_make_no_sense_are_one_sentence(tmp_path: Path, variable: str, value: str) -> None:
    code, _, errors = await revstream(environment(tmp_path) | {variable: value}, "up")
    assert code == 3
    assert variable in errors
    assert "Traceback" not in errors


async def test_keys_need_a_running_system_and_known_scopes(tmp_path: Path) -> None:
    env = environment(tmp_path)
    code, _, errors = await revstream(env, "keys", "create", "--project", "acme")
    assert (code, "revstream up" in errors) == (3, True)
    code, _, errors = await revstream(env, "keys", "create", "--project", "acme", "--scopes", "everything")
    assert (code, "--scopes takes read" in errors) == (2, True)
