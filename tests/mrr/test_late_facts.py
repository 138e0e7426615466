"""What comes later than the late window, streamed: from when it was learned, or not at all."""

from datetime import datetime

import pytest

from libs.domain.fact import Fact
from libs.domain.version import Rank
from tests.domain.states import after, seen, subscription, told
from tests.domain.test_ledger_kinds import with_status
from tests.mrr.lives import FactStream, of

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
