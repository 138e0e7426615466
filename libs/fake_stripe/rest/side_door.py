"""`/_fake/…`: what the outside may do to a fake that runs as a process of its own."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict

import orjson
from aiohttp import web

from libs.fake_stripe.engine import Engine
from libs.fake_stripe.history.player import HistorySpec, play
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rendering import Renderer
from libs.fake_stripe.rest.access import Access
from libs.fake_stripe.rest.from_json import run_operation, value_of
from libs.fake_stripe.rest.oauth import OAuth
from libs.fake_stripe.rest.outage import Outage
from libs.fake_stripe.snapshot import snapshot
from libs.fake_stripe.store import NotFound
from libs.fake_stripe.webhooks import Deliverer, DeliveryReport, DeliverySettings

Answer = Callable[[Json], Awaitable[object]]


class SideDoor:
    """Moves the clock, runs operations and histories, sends webhooks, breaks things."""

    def __init__(self, engine: Engine, access: Access, outage: Outage, oauth: OAuth) -> None:
        self._engine = engine
        self._world = engine.world
        self._access = access
        self._outage = outage
        self._oauth = oauth
        self._deliverers: list[Deliverer] = []
        self._open = AsyncExitStack()

    def add_routes(self, app: web.Application) -> None:
        """Add the paths to Stripe's."""
        posts: dict[str, Answer] = {
            "advance": self._advance,
            "operations": self._operate,
            "history": self._play,
            "outage": self._break,
            "access": self._restrict,
            "oauth": self._decide,
            "webhooks": self._follow,
        }
        for name, answer in posts.items():
            app.router.add_post(f"/_fake/{name}", _posted(answer))
        app.router.add_get("/_fake/objects/{kind}", self._objects)
        app.router.add_get("/_fake/snapshot", self._snapshot)
        app.router.add_get("/_fake/events", self._events)
        app.router.add_get("/_fake/webhooks", self._reports)
        app.on_cleanup.append(self._close)

    async def _advance(self, asked: Json) -> object:
        to = asked["to"] if "to" in asked else self._world.now + asked["seconds"]
        self._engine.advance_clock(int(to))
        return {"now": self._world.now}

    async def _operate(self, asked: Json) -> object:
        return run_operation(self._engine, asked["operation"], asked.get("arguments", {}))

    async def _play(self, asked: Json) -> object:
        before = len(self._world.events)
        play(self._engine, value_of(HistorySpec, asked))
        return {"events": len(self._world.events) - before, "now": self._world.now}

    async def _break(self, asked: Json) -> object:
        for field in ("mode", "share", "calls", "slow_seconds", "reason", "version"):
            if field in asked:
                setattr(self._outage, field, asked[field])
        return {"mode": self._outage.mode}

    async def _restrict(self, asked: Json) -> object:
        if "key" in asked:
            paths = asked.get("paths")
            self._access.keys[asked["key"]] = None if paths is None else frozenset(paths)
        if "rate_limit" in asked:
            self._access.rate_limit = asked["rate_limit"]
        return {"keys": sorted(self._access.keys)}

    async def _decide(self, asked: Json) -> object:
        """What the merchant says when a platform asks, or that it ends the connection (`revoke`)."""
        for field in ("decision", "granted_scope", "granted_livemode"):
            if field in asked:
                setattr(self._oauth, field, asked[field])
        if asked.get("revoke"):
            self._oauth.revoke()
        return {"connected": self._access.connected}

    async def _follow(self, asked: Json) -> object:
        """Send events to an endpoint from now on, those so far first where `from_start` is set."""
        from_start = asked.pop("from_start", False)
        version = asked.pop("api_version", self._world.settings.api_version)
        settings: DeliverySettings = value_of(DeliverySettings, asked)
        deliverer = Deliverer(settings, Renderer(self._world.store, version).event)
        await self._open.enter_async_context(deliverer)
        self._deliverers.append(deliverer)
        for event in self._world.events if from_start else ():
            deliverer.enqueue(event)
        self._world.listeners.append(deliverer.enqueue)
        return {"endpoint": len(self._deliverers) - 1}

    async def _objects(self, request: web.Request) -> web.Response:
        return _json(self._world.store.all(request.match_info["kind"]))

    async def _snapshot(self, _request: web.Request) -> web.Response:
        return _json(snapshot(self._world))

    async def _events(self, request: web.Request) -> web.Response:
        after = int(request.query.get("after", "0"))
        return _json(self._world.events[after:])

    async def _reports(self, _request: web.Request) -> web.Response:
        return _json([_told(each.report) for each in self._deliverers])

    async def _close(self, _app: web.Application) -> None:
        await self._open.aclose()


def _posted(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = orjson.loads(await request.read() or b"{}")
            return _json(await answer(body))
        except (KeyError, TypeError, ValueError, NotFound) as wrong:
            return _json({"error": f"{type(wrong).__name__}: {wrong}"}, 400)

    return handle


def _told(report: DeliveryReport) -> Json:
    first = {event: asdict(acknowledgement) for event, acknowledgement in report.acknowledged.items()}
    return {"acknowledged": first, "answers": dict(report.answers), "attempts": dict(report.attempts)}


def _json(body: object, status: int = 200) -> web.Response:
    encoded = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(body=encoded, status=status, content_type="application/json")
