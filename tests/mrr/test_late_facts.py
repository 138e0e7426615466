"""What comes later than the late window, streamed: from when it was learned, or not at all."""

from dataclasses import replace
from datetime import datetime

import pytest

from libs.domain.fact import Fact
from libs.domain.version import Rank
from libs.wire.codec import decode_activity
from libs.wire.records import ContributionChanged
from tests.domain.states import after, seen, subscription, told
from tests.domain.test_ledger_kinds import with_status
from tests.mrr.in_memory import Stream, catalogue_of, instant, stripe_records
from tests.mrr.lives import FactStream, of
from tests.mrr.test_first_sync import account

Movements = list[tuple[str, str, datetime]]

CREATED = told(subscription(), after(), Rank.CREATE)
RAISED = told(subscription(quantity=3), after(days=10))
BETWEEN = told(subscription(quantity=2), after(days=3))
OTHER = told(subscription("sub_2"), after(days=10), Rank.CREATE)
ENDED = told(with_status("canceled", ended_at=after(days=3)), after(days=3), Rank.TERMINAL)
LATER = told(subscription("sub_2", quantity=2), after(days=12))
NEW, GREW = ("new", "1000", after()), ("expansion", "2000", after(days=10))

CASES: dict[str, tuple[list[Fact], Movements]] = {
    "in order": (
        [CREATED, BETWEEN, RAISED],
        [NEW, ("expansion", "1000", after(days=3)), ("expansion", "1000", after(days=10))],
    ),
    "late and overtaken: left aside": ([CREATED, RAISED, BETWEEN], [NEW, GREW]),
    "late and what holds now: from when it was learned": ([CREATED, OTHER, BETWEEN], [NEW, GREW]),
    "it stays there when more comes": (
        [CREATED, OTHER, BETWEEN, LATER],
        [NEW, GREW, ("expansion", "1000", after(days=12))],
    ),
    "a late end ends all the same": ([CREATED, RAISED, ENDED], [NEW, ("churn", "-1000", after(days=10))]),
    "a late repeat": ([CREATED, RAISED, CREATED, RAISED], [NEW, GREW]),
    "something new that happened long ago": (
        [RAISED, told(subscription("sub_2"), after(days=1), Rank.CREATE)],
        [("new", "3000", after()), ("expansion", "1000", after(days=10))],
    ),
    "a snapshot brings its past, however old": (
        [OTHER, seen(subscription(), after(days=11))],
        [("new", "1000", after()), ("expansion", "1000", after(days=10))],
    ),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("most", [1, 12], ids=["one by one", "in one round"])
def test_late_facts(facts: list[Fact], expected: Movements, most: int) -> None:
    stream = FactStream(now=after(days=20), most=most)
    stream.deliver(of("cus_1", facts))
    assert [(str(one.kind), one.exact, one.occurred_at) for one in stream.movements()] == expected


def test_what_was_told_long_ago_changes_nothing_when_it_comes_again() -> None:
    """Every event of months once more, one by one: each is known, however much of it was forgotten meanwhile."""
    fake = account(seed=4, months=3)
    records = stripe_records(fake.events, catalogue_of(fake))
    stream = Stream(now=instant(fake))
    stream.feed(records)
    before, movements = contributions(stream), dict(stream.told)
    stream.most = 1
    stream.feed([replace(record, offset=record.offset + len(records)) for record in records])
    assert (contributions(stream), stream.told) == (before, movements)


def contributions(stream: Stream) -> int:
    """How many were published."""
    told = (decode_activity(record.value or b"") for record in stream.activity)
    return sum(isinstance(each, ContributionChanged) for each in told)
