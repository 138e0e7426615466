"""The HTTP server: Stripe's GET calls, with its headers, errors and failures."""

import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate

import orjson
from aiohttp import web

from libs.fake_stripe.engine import Engine
from libs.fake_stripe.ids import Ids
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.account import account
from libs.fake_stripe.objects.customer import deleted_customer
from libs.fake_stripe.rendering import Renderer
from libs.fake_stripe.rest.access import Access
from libs.fake_stripe.rest.expansion import Expander
from libs.fake_stripe.rest.listing import entries_page, list_page
from libs.fake_stripe.rest.oauth import OAuth
from libs.fake_stripe.rest.outage import Outage
from libs.fake_stripe.rest.ports import free_port
from libs.fake_stripe.rest.problems import StripeProblem, missing, unknown_parameter, unknown_url
from libs.fake_stripe.rest.query import Query, read_query
from libs.fake_stripe.rest.resources import RESOURCES
from libs.fake_stripe.rest.side_door import SideDoor
from libs.fake_stripe.rest.tally import tally
from libs.fake_stripe.store import NotFound
from libs.fake_stripe.world import cut_nested_lists

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
STRUCK: web.RequestKey[str] = web.RequestKey("struck", str)


class Server:
    """Serves one account. `access` and `outage` may be changed while it runs; `calls` says what was asked."""

    def __init__(self, engine: Engine, access: Access | None = None) -> None:
        self._world = engine.world
        self._engine = engine
        self.access = access or Access()
        self.outage = Outage()
        self.oauth = OAuth(engine.world, self.access)
        # When (monotonic) and what was asked for, the latest hundred thousand.
        self.calls: deque[tuple[float, str]] = deque(maxlen=100_000)
        # Apart from the account's ids: reading must not change what later events look like.
        self._request_ids = Ids(-1)

    def app(self) -> web.Application:
        """Build the application."""
        app = web.Application(middlewares=[self._as_stripe])
        SideDoor(self._engine, self.access, self.outage, self.oauth).add_routes(app)
        self.oauth.add_routes(app)
        app.router.add_get("/_fake/calls", self._told_calls)
        app.router.add_get("/v1/account", self._account)
        app.router.add_get("/v1/subscription_items", self._items)
        app.router.add_get("/v1/subscription_items/{id}", self._item)
        app.router.add_get("/v1/invoices/{id}/lines", self._lines)
        app.router.add_get("/v1/{path}", self._list)
        app.router.add_get("/v1/{path}/{id}", self._retrieve)
        return app

    @asynccontextmanager
    async def serve(self, port: int | None = None) -> AsyncIterator[str]:
        """Serve on this machine alone; give the address."""
        runner = web.AppRunner(self.app(), access_log=None)
        await runner.setup()
        try:
            chosen = port or free_port()
            await web.TCPSite(runner, "127.0.0.1", chosen).start()
            yield f"http://127.0.0.1:{chosen}"
        finally:
            await runner.cleanup()

    @web.middleware
    async def _as_stripe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check the key, fail on demand, turn problems into Stripe's answers, set its headers."""
        if request.path.startswith("/_fake/"):
            return await handler(request)
        self.calls.append((time.monotonic(), request.path))
        # Told as it was before anything is read: while another thread plays the account, an answer is never older
        # than it says.
        now = self._world.now
        struck = request[STRUCK] = self.outage.strike()
        try:
            if not request.path.startswith("/oauth/"):
                self.access.admit(request, self._world.settings.account)
            await self.outage.before(struck)
            answer = await handler(request)
        except StripeProblem as problem:
            answer = _json(problem.body(), problem.status)
            if problem.status == 429:
                answer.headers["Stripe-Rate-Limited-Reason"] = self.outage.reason
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            answer = _json(unknown_url(request.method, request.path).body(), 404)
        answer.headers["Date"] = formatdate(now, usegmt=True)
        answer.headers["request-id"] = self._request_ids.new("req")
        answer.headers["Stripe-Version"] = self._version(request)
        if struck == "cut_body" and isinstance(answer, web.Response):
            return await self.outage.cut(request, answer)
        return answer

    async def _list(self, request: web.Request) -> web.StreamResponse:
        resource = RESOURCES.get(request.match_info["path"])
        if resource is None:
            raise web.HTTPNotFound
        query = read_query(request.query.items())
        page = list_page(self._world, resource, query)
        return self._answer(request, query, page)

    async def _retrieve(self, request: web.Request) -> web.StreamResponse:
        resource = RESOURCES.get(request.match_info["path"])
        if resource is None:
            raise web.HTTPNotFound
        query = _only_expand(request)
        object_id = request.match_info["id"]
        if resource.kind == "customer" and self._world.store.is_forgotten("customer", object_id):
            return _json(deleted_customer(object_id))
        try:
            return self._answer(request, query, self._world.store.get(resource.kind, object_id))
        except NotFound:
            raise missing(resource.kind, object_id) from None

    async def _items(self, request: web.Request) -> web.Response:
        query = read_query(request.query.items())
        subscription_id = query.plain.get("subscription")
        if subscription_id is None:
            raise StripeProblem(400, "Missing required param: subscription.", "parameter_missing", "subscription")
        subscription = self._subscription(subscription_id)
        url = f"/v1/subscription_items?subscription={subscription_id}"
        return self._answer(request, query, entries_page(subscription["items"]["data"], query, url))

    async def _item(self, request: web.Request) -> web.Response:
        item_id = request.match_info["id"]
        for subscription in self._world.store.newest_first("subscription"):
            for item in subscription["items"]["data"]:
                if item["id"] == item_id:
                    return self._answer(request, _only_expand(request), item)
        raise missing("subscription_item", item_id)

    async def _lines(self, request: web.Request) -> web.Response:
        query = read_query(request.query.items())
        invoice_id = request.match_info["id"]
        try:
            lines = self._world.store.get("invoice", invoice_id)["lines"]
        except NotFound:
            raise missing("invoice", invoice_id) from None
        return self._answer(request, query, entries_page(lines["data"], query, lines["url"]))

    async def _told_calls(self, _request: web.Request) -> web.Response:
        return _json(tally(self.calls))

    async def _account(self, _request: web.Request) -> web.Response:
        return _json(account(self._world.settings.account))

    def _subscription(self, subscription_id: str) -> Json:
        try:
            return self._world.store.get("subscription", subscription_id)
        except NotFound:
            raise missing("subscription", subscription_id, "subscription") from None

    def _answer(self, request: web.Request, query: Query, found: Json) -> web.Response:
        return _json(self._shown_json(request, query, found))

    def _shown_json(self, request: web.Request, query: Query, found: Json) -> Json:
        """An object or list in the version that the call names, expanded as it asks."""
        renderer = Renderer(self._world.store, self._version(request))

        def show(each: Json) -> Json:
            if each["object"] == "event":
                return Renderer(self._world.store, self._world.settings.api_version).event(each)
            return renderer.object(cut_nested_lists(each))

        is_list = found["object"] == "list"
        answer = {**found, "data": [show(each) for each in found["data"]]} if is_list else show(found)
        expander = Expander(self._world, show)
        for path in query.expand:
            expander.expand(answer, path)
        return answer

    def _version(self, request: web.Request) -> str:
        if request[STRUCK] == "drift":
            return self.outage.version
        return request.headers.get("Stripe-Version", self._world.settings.api_version)


def _only_expand(request: web.Request) -> Query:
    query = read_query(request.query.items())
    if unknown := sorted(query.names() - {"expand"}):
        raise unknown_parameter(unknown[0])
    return query


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
