"""Updates of one object in one second whose order their `previous_attributes` don't tell: the object is read again.

What was published is looked at beside the webhooks, a moment later: Stripe's clock has to pass that second first, for
what it shows then to be newer than both.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from libs.domain.fact import Fact, about_customer, about_subscription
from libs.domain.version import Rank, ordered
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Kind, kind_of, read
from services.ingest import metrics
from services.ingest.refetching import Refetching, Waiting, Wanted

EVERY_SECONDS = 1.5
MOST_REMEMBERED = 5000
MOST_TIED = 20
STEPS_AT_ONCE = 8
KINDS = frozenset({Kind.SUBSCRIPTION, Kind.CUSTOMER})
_Tie = tuple[str, str, str, datetime]


class _Identified(msgspec.Struct):
    id: str = ""


_identified = msgspec.json.Decoder(_Identified)


class Ties:
    """Remembers the last updates, at least `MOST_REMEMBERED` of them, and asks for what can't be told."""

    def __init__(self, refetching: Refetching) -> None:
        self._refetching = refetching
        self._fresh: deque[StripeRecord] = deque()
        self._newer: dict[_Tie, list[StripeRecord]] = {}
        self._older: dict[_Tie, list[StripeRecord]] = {}

    def note(self, record: StripeRecord) -> None:
        """The broker has this record; costs the caller next to nothing."""
        if record.version.rank == Rank.UPDATE and len(self._fresh) < MOST_REMEMBERED:
            self._fresh.append(record)

    async def follow(self) -> None:
        """Look at what was noted, for ever; webhooks come between."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            for number, _ in enumerate(self._steps()):
                if number % STEPS_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def look(self) -> None:
        """Look at what was noted since the last look."""
        for _ in self._steps():
            pass

    def _steps(self) -> Iterator[None]:
        grown: dict[_Tie, list[StripeRecord]] = {}
        for _ in range(len(self._fresh)):
            tie = self._remembered(self._fresh.popleft())
            if tie is not None:
                grown[tie] = self._newer[tie]
            yield
        for records in grown.values():
            if len({record.event_id for record in records}) > 1 and self._is_open(records):
                self._ask(records[0])
            yield

    def _is_open(self, records: list[StripeRecord]) -> bool:
        return len(records) >= MOST_TIED or is_ambiguous(records)

    def _remembered(self, record: StripeRecord) -> _Tie | None:
        if kind_of(record.type) not in KINDS or record.event_id is None:
            return None
        tie = record.project, record.account, _id_of(record), record.version.created
        if tie not in self._newer:
            if len(self._newer) >= MOST_REMEMBERED:
                self._older, self._newer = self._newer, {}
            self._newer[tie] = self._older.pop(tie, [])
        if len(self._newer[tie]) < MOST_TIED:
            self._newer[tie].append(record)
        return tie

    def _ask(self, record: StripeRecord) -> None:
        scope = record.project, record.account, record.livemode
        wanted = Wanted(str(kind_of(record.type)), _id_of(record))
        if self._refetching.ask_for(scope, wanted, Waiting(record.version.created)):
            metrics.TIES.inc()


def _id_of(record: StripeRecord) -> str:
    try:
        return _identified.decode(record.object).id
    except msgspec.ValidationError:
        return ""


def is_ambiguous(records: Iterable[StripeRecord]) -> bool:
    """Whether it is a guess which of these versions of one object is the newest."""
    facts = [fact for record in records for fact in _facts(record)]
    subscriptions = [fact for fact in facts if about_subscription(fact)]
    if subscriptions:
        return ordered(subscriptions).ambiguous
    customers = [fact for fact in facts if about_customer(fact)]
    return bool(customers) and ordered(customers).ambiguous


def _facts(record: StripeRecord) -> tuple[Fact, ...]:
    try:
        return read(record)
    except MalformedRecord:  # the workers dead-letter it and say so
        return ()
