"""`revstream demo`: the whole system on a make-believe merchant's life, with figures that move."""

import asyncio
import secrets
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from deploy.leftovers import only_one
from libs.cli.comparison import Comparison, by_currency, compare
from libs.cli.demo_account import DemoAccount
from libs.cli.demo_display import Display
from libs.cli.demo_project import ConnectedProject, connected_project
from libs.cli.faults import FOUND_A_PROBLEM
from libs.cli.output import Tell, json_line, told
from libs.cli.running import noted
from libs.cli.stopping import Stop, interruptible
from libs.cli.system import SystemSettings, from_environment, running_system
from libs.fake_stripe.webhooks import Deliverer, DeliverySettings

SEED = 7
REPEATS = 0.2
REORDERED_WITHIN = 40
SETTLE_SECONDS = 60.0
LOOK_SECONDS = 0.5
LIVE_SECONDS = 3.0
CHUNK = 100


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """How the demo runs. `check` ends by itself and compares."""

    check: bool
    seed: int
    customers: int
    tell: Tell


def demo(
    check: Annotated[bool, typer.Option("--check", help="unattended: compare, exit 0 or 1")] = False,
    seed: Annotated[int, typer.Option(help="which lives are played")] = SEED,
    customers: Annotated[int, typer.Option(min=1, max=5000, help="how many customers live them")] = 60,
    json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False,
) -> None:
    """Start everything on a make-believe Stripe account, play its life at speed, show the figures as they change.

    Examples:
      revstream demo
      revstream demo --check --json
    """
    outcome: list[Comparison] = []
    with Display() as display:
        settings = DemoSettings(check, seed, customers, json_line if json else display.tell)
        asyncio.run(interruptible(lambda stop: _demo(settings, stop, outcome)))
    if check and not (outcome and outcome[0].is_equal):
        raise typer.Exit(FOUND_A_PROBLEM)


async def _demo(settings: DemoSettings, stop: Stop, outcome: list[Comparison]) -> None:
    account = DemoAccount(settings.seed, settings.customers)
    async with AsyncExitStack() as stack:
        stripe_url = await stack.enter_async_context(account.fake.serve())
        running = _system_settings(settings, stripe_url)
        system = await stack.enter_async_context(running_system(running))
        stack.enter_context(noted(running.home, system.running()))
        name = f"demo-{secrets.token_hex(4)}"
        project = await stack.enter_async_context(connected_project(system, name, account.fake))
        settings.tell(
            {
                "event": "ready",
                "dashboard": f"{system.api_url}/#key={project.key}",  # what follows # is never sent to a server
                "api": system.api_url,
                "ingest": system.ingest_url,
                "project": project.project,
                "key": project.key,
            }
        )
        shown = await stack.enter_async_context(Showing(settings, account, project))
        await shown.play()
        if settings.check:
            outcome.append(await shown.compared())
        else:
            await shown.go_on(stop)
        settings.tell({"event": "stopping"})
    settings.tell({"event": "stopped"})


def _system_settings(settings: DemoSettings, stripe_url: str) -> SystemSettings:
    real = from_environment(
        tell=lambda happening: settings.tell(told(happening)),
        say=lambda text: settings.tell({"event": "progress", "message": text}),
    )
    home = real.home / "demo"
    _forget(home)
    return replace(
        real,
        stack=replace(real.stack, home=home),
        api_port=0,
        ingest_port=0,
        environment={**real.environment, "STRIPE_API_BASE": stripe_url, "STRIPE_CONNECT_BASE": stripe_url},
    )


def _forget(home: Path) -> None:
    """Each demo is another merchant's: nothing of the one before may be seen. Raises StackUnavailable if it runs."""
    with only_one(home):
        for part in ("kafka", "postgres", "mrr", "alerts"):
            shutil.rmtree(home / part, ignore_errors=True)


class Showing:
    """Plays the account, delivers its events, shows the figures, compares."""

    def __init__(self, settings: DemoSettings, account: DemoAccount, project: ConnectedProject) -> None:
        self._settings, self._account, self._api = settings, account, project.api
        webhooks = DeliverySettings(
            url=project.webhook_url,
            secrets=(project.webhook_secret,),
            seed=settings.seed,
            repeats=REPEATS,
            reorder_within=REORDERED_WITHIN,
        )
        self._deliverer = Deliverer(webhooks)
        self._lived = 0

    async def __aenter__(self) -> "Showing":
        await self._deliverer.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._deliverer.__aexit__(kind, error, trace)

    async def play(self) -> None:
        """Live the past a few days at a time, deliver what happened, say the figures on the way."""
        self._settings.tell({"event": "progress", "message": "playing six months of a merchant's life"})
        lives, delivered = self._account.days_lived(), 0
        while (days := await asyncio.to_thread(next, lives, None)) is not None:
            news = self._account.news()
            await self._deliverer.deliver(news)
            delivered += len(news)
            await self._show("six months at speed", delivered=delivered, of=delivered * self._account.days // days)

    async def go_on(self, stop: Stop) -> None:
        """Let the account live until somebody stops it."""
        self._settings.tell({"event": "progress", "message": "the account lives on; Ctrl-C ends it"})
        self._lived = len(self._account.fake.events)
        waiting = asyncio.ensure_future(stop.wait())
        while not waiting.done():
            await asyncio.to_thread(self._account.live_on)
            news = self._account.news()
            await self._deliverer.deliver(news)
            self._lived += len(news)
            await self._show("live; Ctrl-C ends it", delivered=self._lived, of=self._lived)
            await asyncio.wait({waiting}, timeout=LIVE_SECONDS)

    async def compared(self) -> Comparison:
        """Wait until the API agrees with the account, at most a minute; say both in any case."""
        deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
        while True:
            self._account.catch_up()
            await self._deliverer.deliver(self._account.news())
            comparison = await compare(self._api, self._account)
            if comparison.is_equal or asyncio.get_running_loop().time() > deadline:
                self._settings.tell(comparison.fields())
                return comparison
            await asyncio.sleep(LOOK_SECONDS)

    async def _show(self, message: str, delivered: int, of: int) -> None:
        metrics = (await self._api.get("/api/metrics"))["metrics"]
        self._settings.tell(
            {
                "event": "figures",
                "message": message,
                "delivered": delivered,
                "of": of,
                "mrr": dict(by_currency(metrics["mrr"])),
                "active_subscriptions": metrics["active_subscriptions"],
                "active_subscribers": metrics["active_subscribers"],
                "customers": metrics["customers"],
            }
        )
