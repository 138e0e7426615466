"""Dead letters tell why, where from and how often, and keep what they came with."""

from libs.wire.dead_letters import Origin, dead_letter_headers

ORIGIN = Origin("stripe.events", 3, 42)


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
