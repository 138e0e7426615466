"""What every operation works on: the clock, the objects, the events, the timers."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from libs.fake_stripe.clock import Clock, Timers
from libs.fake_stripe.differences import previous_attributes
from libs.fake_stripe.ids import Ids
from libs.fake_stripe.json_types import Json, frozen_copy
from libs.fake_stripe.objects.catalog import Stamp
from libs.fake_stripe.settings import CURRENT_VERSION, AccountSettings
from libs.fake_stripe.store import Store

# Lists inside an event, and inside an answer that didn't ask for more, end after the tenth entry.
NESTED_LIST_LIMIT = 10
_NESTED_LISTS = {"subscription": "items", "invoice": "lines"}


class World:
    """One Stripe account."""

    def __init__(self, clock: Clock, ids: Ids, settings: AccountSettings) -> None:
        self.clock = clock
        self.ids = ids
        self.settings = settings
        self.timers = Timers()
        self.store = Store()
        self.events: list[Json] = []
        self.listeners: list[Callable[[Json], None]] = []
        self.request_id: str | None = None
        self._wanted: dict[str, bool] = {}
        # How many more events of a pattern are never generated.
        self.losing: Counter[str] = Counter()
        self.payment_outcomes: dict[str, str] = {}
        self.used_discounts: set[str] = set()
        self.prorations: dict[str, list[Json]] = {}
        self.usage: dict[str, int] = {}
        self.invoice_numbers: Counter[str] = Counter()
        self.invoice_payments: dict[str, str] = {}

    @property
    def now(self) -> int:
        """The account's time in whole seconds."""
        return self.clock.now

    def stamp(self, prefix: str) -> Stamp:
        """Give the id, birth and mode of a new object."""
        return Stamp(self.ids.new(prefix), self.now, self.settings.livemode)

    def emit(self, event_type: str, about: Json, previous: Json | None = None) -> None:
        """Record an event about an object as it is now, and tell whoever listens."""
        if not self._is_wanted(event_type) or self._is_lost(event_type):
            return
        data: Json = {"object": frozen_copy(cut_nested_lists(about))}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Json = {
            "id": self.ids.new("evt"),
            "object": "event",
            "api_version": CURRENT_VERSION,
            "created": self.now,
            "data": data,
            "livemode": self.settings.livemode,
            "pending_webhooks": 1,
            "request": {"id": self.request_id, "idempotency_key": None},
            "type": event_type,
        }
        if self.settings.connect:
            event["account"] = self.settings.account
        self.events.append(self.store.put(event))
        for listener in self.listeners:
            listener(event)

    @contextmanager
    def changing(self, about: Json, event_type: str) -> Iterator[None]:
        """Change an object inside the block; an event follows if anything differs afterwards."""
        if not self._is_wanted(event_type):
            yield
            return
        before = frozen_copy(about)
        yield
        previous = previous_attributes(before, frozen_copy(about))
        if previous:
            self.emit(event_type, about, _cut_previous(about["object"], previous))

    def _is_wanted(self, event_type: str) -> bool:
        patterns = self.settings.event_types
        if patterns is None:
            return True
        if event_type not in self._wanted:
            self._wanted[event_type] = any(fnmatchcase(event_type, pattern) for pattern in patterns)
        return self._wanted[event_type]

    def _is_lost(self, event_type: str) -> bool:
        for pattern, count in self.losing.items():
            if count > 0 and fnmatchcase(event_type, pattern):
                self.losing[pattern] -= 1
                return True
        return False

    @contextmanager
    def request(self) -> Iterator[None]:
        """Mark what happens inside as caused by an API call."""
        self.request_id = self.ids.new("req")
        try:
            yield
        finally:
            self.request_id = None


def cut_nested_lists(about: Json) -> Json:
    """Give the object with its list of items or lines cut after the tenth."""
    field = _NESTED_LISTS.get(about["object"])
    if field is None or len(about[field]["data"]) <= NESTED_LIST_LIMIT:
        return about
    shown = {**about[field], "data": about[field]["data"][:NESTED_LIST_LIMIT], "has_more": True}
    return {**about, field: shown}


def _cut_previous(kind: str, previous: Json) -> Json:
    """Cut the list among the previous attributes as the list in the object is cut."""
    field = _NESTED_LISTS.get(kind)
    if field is None or field not in previous or "data" not in previous[field]:
        return previous
    return previous | {field: previous[field] | {"data": previous[field]["data"][:NESTED_LIST_LIMIT]}}
