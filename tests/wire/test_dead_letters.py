"""Dead letters tell why, where from and how often, and keep what they came with."""

from datetime import UTC, datetime

import pytest

from libs.wire.dead_letters import UNSAID, Origin, Raw, dead_letter_headers, read_letter
from libs.wire.headers import Headers

ORIGIN = Origin("stripe.events", 3, 42)
LIES = Origin("stripe.events.dead-letters", 3, 7)
AT = datetime(2026, 11, 1, tzinfo=UTC)


def lain(headers: Headers) -> Raw:
    return Raw(LIES, AT, b"acme/cus_1", b"{", headers)


def test_a_dead_letter_says_why_and_where_from() -> None:
    headers = dict(dead_letter_headers("no JSON", ORIGIN, "api", [("ce_id", b"evt_1")]))
    assert headers["ce_id"] == b"evt_1"
    assert headers["dl_reason"] == b"no JSON"
    assert (headers["dl_topic"], headers["dl_partition"], headers["dl_offset"]) == (b"stripe.events", b"3", b"42")
    assert headers["dl_consumer"] == b"api"


def test_a_letter_that_fails_again_counts_on_and_names_the_new_reason_only() -> None:
    once = dead_letter_headers("no JSON", ORIGIN, "mrr", [])
    twice = dead_letter_headers("still none", ORIGIN, "mrr", once)
    assert [value for name, value in twice if name == "dl_attempts"] == [b"2"]
    assert [value for name, value in twice if name == "dl_reason"] == [b"still none"]


def test_a_reason_with_a_lone_surrogate_is_written_all_the_same() -> None:
    assert dict(dead_letter_headers("\ud800", ORIGIN, "api", []))["dl_reason"] == b"?"


def test_a_dead_letter_names_the_command_that_sends_it_again() -> None:
    told = dict(dead_letter_headers("no JSON", ORIGIN, "mrr", []))["dl_replay"].decode()
    assert told == "revstream dlq retry stripe.events:3:42"
    assert Origin.parse(told.rpartition(" ")[2]) == ORIGIN


def test_a_letter_is_read_as_it_was_written() -> None:
    letter = read_letter(lain(dead_letter_headers("no JSON", ORIGIN, "mrr", [("ce_id", b"evt_1")])))
    assert (letter.origin, letter.lies, letter.target) == (ORIGIN, LIES, "stripe.events")
    assert (letter.reason, letter.consumer, letter.attempts) == ("no JSON", "mrr", 1)
    assert letter.again() == [("ce_id", b"evt_1"), ("dl_attempts", b"1")]


def test_a_letter_that_was_sent_again_and_failed_again_was_tried_twice() -> None:
    once = read_letter(lain(dead_letter_headers("no JSON", ORIGIN, "mrr", [])))
    assert read_letter(lain(dead_letter_headers("no JSON", ORIGIN, "mrr", once.again()))).attempts == 2


@pytest.mark.parametrize("headers", [[], [("dl_topic", b"x"), ("dl_partition", b"-1"), ("dl_offset", b"\xff")]])
def test_a_letter_of_somebody_elses_goes_by_where_it_lies(headers: Headers) -> None:
    letter = read_letter(lain(headers))
    assert (letter.origin, letter.target, letter.reason) == (LIES, "stripe.events", UNSAID)


@pytest.mark.parametrize("text", ["", "stripe.events", "stripe.events:3", "a b:1:2", "x:1:-2", "x:1:2:3", "x:١:2"])
def test_what_names_no_letter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="topic:partition:offset"):
        Origin.parse(text)
