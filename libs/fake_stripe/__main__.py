"""Runs the fake as a process: `python -m libs.fake_stripe --port 20111 --seed 1`, of any size with --subscriptions."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping
from datetime import datetime

import orjson

from libs.fake_stripe.fake import FakeStripe
from libs.fake_stripe.large import LargeAccount, Lives
from libs.fake_stripe.settings import CURRENT_VERSION, AccountSettings


def main() -> None:
    """Serve until SIGINT or SIGTERM; says `{"event": "ready", "url": …}` on standard output."""
    asked = _arguments()
    settings = AccountSettings(
        account=asked.account, api_version=asked.api_version, livemode=asked.live, connect=asked.connect
    )
    if asked.subscriptions is None:
        fake = FakeStripe(seed=asked.seed, start=asked.start, settings=settings)
        asyncio.run(_serve(fake, asked.port, {}))
        return
    lives = None if asked.months is None else Lives(asked.months, asked.households)
    account = LargeAccount(asked.seed, asked.subscriptions, asked.start, settings, lives)
    told = {
        "subscriptions": account.subscriptions,
        "mrr_minor": str(account.mrr()),
        "mrr_by_currency": {currency: str(amount) for currency, amount in account.mrr_by_currency().items()},
    }
    asyncio.run(_serve(account, asked.port, told))


async def _serve(fake: FakeStripe | LargeAccount, port: int | None, told: Mapping[str, object]) -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    async with fake.serve(port) as url:
        sys.stdout.buffer.write(orjson.dumps({"event": "ready", "url": url, **told}) + b"\n")
        sys.stdout.flush()
        await stopped.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m libs.fake_stripe", description=__doc__)
    parser.add_argument("--port", type=int, help="a free one is chosen unless given")
    parser.add_argument("--seed", type=int, default=1, help="decides every id")
    parser.add_argument("--subscriptions", type=int, help="at least so many, of households that lived for 95 days")
    parser.add_argument("--months", type=int, help="with --subscriptions: households that lived so long, in every way")
    parser.add_argument("--households", type=int, default=250, help="with --months: how many different ones")
    parser.add_argument("--account", default=AccountSettings().account)
    parser.add_argument("--live", action="store_true", help="live mode; test mode otherwise")
    parser.add_argument("--connect", action="store_true", help="events name the account, as at a Connect endpoint")
    parser.add_argument("--api-version", default=CURRENT_VERSION, help="the account's default version")
    parser.add_argument(
        "--start",
        type=datetime.fromisoformat,
        default="2025-01-01T00:00:00+00:00",
        help="what the account's clock shows first, with its offset from UTC",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
