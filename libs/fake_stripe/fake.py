"""One fake account, ready to be played with, listened to and served."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from libs.fake_stripe.clock import Clock
from libs.fake_stripe.engine import Engine
from libs.fake_stripe.ids import Ids
from libs.fake_stripe.json_types import Json, frozen_copy
from libs.fake_stripe.rest import Server
from libs.fake_stripe.settings import AccountSettings
from libs.fake_stripe.snapshot import snapshot
from libs.fake_stripe.world import World

_START = datetime(2025, 1, 1, tzinfo=UTC)
_DEFAULTS = AccountSettings()


class FakeStripe:
    """A Stripe account whose every id and event follows from the seed and the calls made."""

    def __init__(self, seed: int = 1, start: datetime = _START, settings: AccountSettings = _DEFAULTS) -> None:
        self.seed = seed
        self.clock = Clock(start)
        self.world = World(self.clock, Ids(seed), settings)
        self.engine = Engine(self.world)
        self.server = Server(self.engine)

    def serve(self, port: int | None = None) -> AbstractAsyncContextManager[str]:
        """Serve the account's REST API on this machine: `async with fake.serve() as url`."""
        return self.server.serve(port)

    @property
    def events(self) -> Sequence[Json]:
        """All events in the order they came about, in today's shape; not to be changed."""
        return self.world.events

    def objects(self, kind: str) -> list[Json]:
        """Give copies of all objects of a type (`subscription`, `customer`, …), oldest first."""
        return [frozen_copy(each) for each in self.world.store.all(kind)]

    def snapshot(self) -> Json:
        """Give the whole account, complete: tiers in prices, terms in coupons, discounts apart from their holders."""
        return snapshot(self.world)
