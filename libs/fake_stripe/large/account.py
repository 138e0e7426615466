"""A large account and its server."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from aiohttp import web

from libs.fake_stripe.fake import FakeStripe
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.large.copies import Copies, Template, parsed
from libs.fake_stripe.large.households import Lives, live, populate
from libs.fake_stripe.objects.customer import deleted_customer
from libs.fake_stripe.rest.access import Access
from libs.fake_stripe.rest.listing import entries_page, list_page
from libs.fake_stripe.rest.problems import missing
from libs.fake_stripe.rest.query import Query, read_query
from libs.fake_stripe.rest.resources import RESOURCES, Resource
from libs.fake_stripe.rest.server import Server
from libs.fake_stripe.settings import STATE_EVENTS, AccountSettings
from libs.fake_stripe.worth import Appraisal

# What every household has for itself; prices, products and coupons are the account's.
OWN = frozenset(
    {
        "charge",
        "customer",
        "discount",
        "event",
        "invoice",
        "invoice_payment",
        "payment_intent",
        "refund",
        "subscription",
    }
)
CURSORS = ("starting_after", "ending_before")
_DEFAULTS = AccountSettings()


class LargeAccount:
    """As FakeStripe serves, with at least `subscriptions` of them: of plain households, or of such as `lives` says."""

    def __init__(
        self,
        seed: int,
        subscriptions: int,
        start: datetime,
        settings: AccountSettings = _DEFAULTS,
        lives: Lives | None = None,
    ) -> None:
        if lives is None:
            self.fake = FakeStripe(seed=seed, start=start, settings=settings)
            populate(self.fake)
        else:
            self.fake = FakeStripe(seed=seed, start=start, settings=replace(settings, event_types=STATE_EVENTS))
            live(self.fake, lives)
        self.copies = max(1, -(-subscriptions // len(self.fake.objects("subscription"))))
        self.server = LargeServer(self.fake, self.copies)

    def serve(self, port: int | None = None) -> AbstractAsyncContextManager[str]:
        """Serve on this machine: `async with account.serve() as url`."""
        return self.server.serve(port)

    @property
    def subscriptions(self) -> int:
        """How many there are, ended ones included."""
        return len(self.fake.objects("subscription")) * self.copies

    def mrr(self, currency: str = "usd") -> Fraction:
        """What all of it is worth a month, in minor units of a currency, worked out plainly."""
        return self.mrr_by_currency().get(currency, Fraction(0))

    def mrr_by_currency(self) -> dict[str, Fraction]:
        """The same for every currency."""
        world = self.fake.world
        sums: dict[str, Fraction] = {}
        for each in Appraisal(world.store, world.now).by_customer().values():
            for currency, amount in each.items():
                sums[currency] = sums.get(currency, Fraction(0)) + amount * self.copies
        return sums


class LargeServer(Server):
    """Serves copies of what the households have."""

    def __init__(self, fake: FakeStripe, copies: int, access: Access | None = None) -> None:
        super().__init__(fake.engine, access)
        self._copies = copies
        self._own = _own_ids(fake)
        self._templates: dict[tuple[str, ...], dict[str, Template]] = {}
        self._lists: dict[tuple[str, int, str], Copies] = {}

    async def _list(self, request: web.Request) -> web.StreamResponse:
        resource = RESOURCES.get(request.match_info["path"])
        if resource is None or resource.kind not in OWN:
            return await super()._list(request)
        query = read_query(request.query.items())
        listed = self._listed(resource, query)
        start = self._start(listed, query, resource.kind)
        end = min(start + query.limit, len(listed))
        templates = self._shown(request, resource.kind, query)
        places = (listed.at(position) for position in range(start, end))
        data = b",".join(templates[listed.ids[place]].copy(number) for place, number in places)
        more = b"true" if end < len(listed) else b"false"
        body = b'{"object":"list","data":[%s],"has_more":%s,"url":"/v1/%s"}' % (data, more, resource.path.encode())
        return web.Response(body=body, content_type="application/json")

    async def _retrieve(self, request: web.Request) -> web.StreamResponse:
        resource = RESOURCES.get(request.match_info["path"])
        if resource is None or resource.kind not in OWN:
            return await super()._retrieve(request)
        identifier = request.match_info["id"]
        found = parsed(identifier)
        if found is not None and resource.kind == "customer" and self._world.store.is_forgotten("customer", found[0]):
            return web.json_response(deleted_customer(identifier))
        if found is None or found[1] >= self._copies or not self._world.store.has(resource.kind, found[0]):
            raise missing(resource.kind, identifier)
        item = self._world.store.get(resource.kind, found[0])
        shown = self._shown_json(request, read_query(request.query.items()), item)
        return web.Response(body=Template.of(shown, self._own).copy(found[1]), content_type="application/json")

    async def _items(self, request: web.Request) -> web.Response:
        """The items of one copy: asked of what was copied, by the ids that it has there."""
        query = read_query(request.query.items())
        asked = query.plain.get("subscription", "")
        found = parsed(asked)
        if found is None or found[1] >= self._copies:
            raise missing("subscription", asked, "subscription")
        original, number = found
        plain = {**query.plain, "subscription": original}
        cursors = {name: _original(plain[name]) for name in CURSORS if name in plain}
        own = Query({**plain, **cursors}, query.ranges, query.arrays)
        items = self._subscription(original)["items"]["data"]
        page = entries_page(items, own, f"/v1/subscription_items?subscription={original}")
        shown = self._shown_json(request, own, page)
        return web.Response(body=Template.of(shown, self._own).copy(number), content_type="application/json")

    def _listed(self, resource: Resource, query: Query) -> Copies:
        """What fits the query, whole; its limit and cursor are for the copies."""
        kept = {name: value for name, value in query.plain.items() if name not in ("limit", "starting_after")}
        key = (resource.kind, self._world.now, repr((kept, query.ranges)))
        if key not in self._lists:
            self._lists[key] = Copies([each["id"] for each in self._matching(resource, query)], self._copies)
        return self._lists[key]

    def _matching(self, resource: Resource, query: Query) -> Sequence[Json]:
        found: list[Json] = []
        asked = Query({**query.plain, "limit": "100"}, query.ranges, query.arrays)
        asked.plain.pop("starting_after", None)
        while True:
            page = list_page(self._world, resource, asked)
            found += page["data"]
            if not page["has_more"]:
                return found
            asked.plain["starting_after"] = found[-1]["id"]

    @staticmethod
    def _start(listed: Copies, query: Query, kind: str) -> int:
        cursor = query.plain.get("starting_after")
        if cursor is None:
            return 0
        position = listed.position(cursor)
        if position is None:
            raise missing(kind, cursor, "starting_after")
        return position + 1

    def _shown(self, request: web.Request, kind: str, query: Query) -> dict[str, Template]:
        """All objects of a kind as a call shows them that expands these fields, by the id that is copied."""
        key = (kind, self._version(request), *query.expand)
        if key not in self._templates:
            every = {"object": "list", "data": self._world.store.all(kind), "has_more": False, "url": ""}
            answer = self._shown_json(request, Query(arrays={"expand": query.expand}), every)
            self._templates[key] = {each["id"]: Template.of(each, self._own) for each in answer["data"]}
        return self._templates[key]


def _original(identifier: str) -> str:
    found = parsed(identifier)
    return identifier if found is None else found[0]


def _own_ids(fake: FakeStripe) -> frozenset[str]:
    """The ids of all that a household has, items of subscriptions and lines of invoices among them."""
    found = [each["id"] for kind in sorted(OWN) for each in fake.objects(kind)]
    for subscription in fake.objects("subscription"):
        found += [item["id"] for item in subscription["items"]["data"]]
    return frozenset(found)
