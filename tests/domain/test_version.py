from collections.abc import Sequence
from itertools import permutations

import pytest

from libs.domain.identity import EventId
from libs.domain.version import Rank, Version, best_rendering, ordered
from tests.domain.states import T0, after, seen, subscription, told


def change(before: str, now: str, event: str | None = None) -> Version[str]:
    """An update within one second: `before` and `now` stand for what the object looked like."""
    return Version(T0, Rank.UPDATE, now, now.encode(), before.encode() or None, EventId(event or f"evt_{before}{now}"))


def line(versions: Sequence[Version[str]]) -> str:
    return "".join(version.content for version in ordered(versions).versions)


START = Version(after(-60), Rank.CREATE, "p", b"p", None, EventId("evt_p"))

CHAINS = {
    "two updates": ((change("p", "a"), change("a", "b")), "pab"),
    "four updates": ((change("p", "a"), change("a", "b"), change("b", "c"), change("c", "d")), "pabcd"),
    "digests against the order": ((change("p", "z"), change("z", "y"), change("y", "x")), "pzyx"),
    "there and back": ((change("p", "a"), change("a", "p")), "pap"),
    "there, back and there": ((change("p", "a", "e1"), change("a", "b", "e2"), change("b", "a", "e3")), "paba"),
    "nothing visible changed": ((change("p", "a"), change("a", "a"), change("a", "b")), "paab"),
    "the version before is unknown": ((change("q", "a"), change("a", "b")), "pab"),
}


@pytest.mark.parametrize(("tie", "expected"), CHAINS.values(), ids=CHAINS.keys())
def test_updates_of_one_second_follow_what_each_says_was_before(tie: Sequence[Version[str]], expected: str) -> None:
    for delivered in permutations((START, *tie)):
        assert line(delivered) == expected
        assert not ordered(delivered).ambiguous


def test_a_loop_of_changes_begins_where_the_version_before_ended() -> None:
    loop = (change("a", "b"), change("b", "a"))
    assert line((START, *loop, change("p", "a"))) == "paba"
    before = Version(after(-60), Rank.CREATE, "b", b"b", None, EventId("evt_b"))
    assert line((before, *loop)) == "bab"
    assert not ordered((before, *loop)).ambiguous


UNKNOWN = {
    "a link is missing": (change("p", "a"), change("b", "c")),
    "no change says what was before": (change("", "a"), change("", "b")),
    "one change says nothing": (change("p", "a"), change("", "b")),
    "a loop without beginning": (change("a", "b"), change("b", "a")),
    "two successors of one state": (change("p", "a"), change("p", "b")),
}


@pytest.mark.parametrize("tie", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_the_chain_cannot_tell_is_guessed_alike_in_any_order_and_said_to_be_a_guess(
    tie: Sequence[Version[str]],
) -> None:
    orderings = {ordered(delivered).versions for delivered in permutations((START, *tie))}
    assert len(orderings) == 1
    assert ordered((START, *tie)).ambiguous


def test_a_guess_in_the_past_is_no_ambiguity_any_more() -> None:
    later = Version(after(1), Rank.SNAPSHOT, "z", b"z")
    assert not ordered((*UNKNOWN["a link is missing"], later)).ambiguous


@pytest.mark.parametrize(("lower", "higher"), list(zip(Rank, list(Rank)[1:], strict=False)), ids=str)
def test_within_a_second_the_higher_rank_is_the_later(lower: Rank, higher: Rank) -> None:
    one, other = Version(T0, lower, "1", b"1"), Version(T0, higher, "2", b"2")
    assert line((other, one)) == line((one, other)) == "12"


def test_time_counts_before_rank() -> None:
    deleted = Version(T0, Rank.TERMINAL, "d", b"d")
    assert line((Version(after(1), Rank.SNAPSHOT, "s", b"s"), deleted)) == "ds"


def test_two_events_for_one_change_count_once() -> None:
    twins = (change("p", "a", "evt_2"), change("p", "a", "evt_1"))
    result = ordered((START, *twins))
    assert [version.event for version in result.versions] == ["evt_p", "evt_1"]
    assert not result.ambiguous


def test_a_complete_snapshot_stands_for_an_incomplete_one_of_its_second() -> None:
    whole = seen(subscription(quantity=2))
    cut = seen(subscription(quantity=1, gaps=("items",)))
    assert ordered((whole, cut)).versions == ordered((cut, whole)).versions == (whole,)


def test_of_two_renderings_of_an_event_the_complete_one_is_kept() -> None:
    whole = told(subscription(), event="evt_1")
    cut = told(subscription(gaps=("tiers:price_1",)), event="evt_1")
    assert best_rendering(whole, cut) == best_rendering(cut, whole) == whole


def test_of_two_complete_renderings_always_the_same_is_kept() -> None:
    one, other = told(subscription(quantity=1), event="evt_1"), told(subscription(quantity=2), event="evt_1")
    assert best_rendering(one, other) == best_rendering(other, one)
