"""What becomes of a signal: one id for one trouble, reopening, people's decisions, time, and what late facts do."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.risk import (
    DEFAULT_RISK,
    ClientRisk,
    Decision,
    RiskFact,
    Signal,
    SignalStatus,
    assess,
    news,
    told_after,
    with_fact,
)
from libs.wire.state_codec import decode_risk, encode_risk
from tests.counts import examples
from tests.domain.risk_facts import (
    OWNER,
    card,
    day,
    decline,
    dispute,
    invoice,
    one_of,
    owner,
    pays,
    risk_of,
    signals_at,
    sub,
    verdict,
    warning,
)

ACTIVE, OWING = sub(0), sub(5, "past_due")
OWED = (ACTIVE, OWING)


def past_due(now: float, *facts: RiskFact, decisions: Sequence[Decision] = ()) -> Signal:
    return one_of("past_due", signals_at(now, *(facts or OWED), decisions=decisions))


ID = past_due(6).id


def test_repeats_add_evidence_and_open_no_other() -> None:
    signal = past_due(7, *OWED, sub(6, "past_due", reason="again"))
    assert (signal.id, signal.opened_at, len(signal.evidence)) == (ID, day(5), 2)


def test_trouble_that_comes_back_within_the_cooldown_reopens_the_same_signal() -> None:
    signal = past_due(7, *OWED, sub(6), sub(6.9, "past_due"))
    assert (signal.id, signal.status, signal.opened_at, signal.updated_at) == (
        ID,
        SignalStatus.OPEN,
        day(5),
        day(6.9),
    )


@pytest.mark.parametrize("period", [0, 31], ids=["of the same period", "of the next"])
def test_trouble_that_comes_back_later_is_another_signal(period: int) -> None:
    later = sub(40, "past_due", period_start=day(period))
    first, second = (one for one in signals_at(41, *OWED, sub(6), later) if one.rule == "past_due")
    assert (first.id, first.status) == (ID, SignalStatus.RESOLVED)
    assert second.id != ID
    assert second.opened_at == day(40)


def test_an_older_version_that_comes_late_does_not_rename_a_signal() -> None:
    assert past_due(7, ACTIVE, sub(6, "past_due"), OWING).id == past_due(7, ACTIVE, sub(6, "past_due")).id == ID


DECISIONS = {
    "acknowledged": ([verdict(6, ID)], 7, "acknowledged", 6),
    "acknowledged and reopened": ([verdict(6, ID), verdict(6.5, ID, "reopen")], 7, "open", 6.5),
    "snoozed": ([verdict(6, ID, "snooze", day(9))], 8, "snoozed", 6),
    "after the snooze": ([verdict(6, ID, "snooze", day(9))], 9.5, "open", 9),
    "decided in the future": ([verdict(6, ID)], 5.5, "open", 5),
    "another signal": ([verdict(6, "sig_other")], 7, "open", 5),
    "before it began": ([verdict(4, ID)], 7, "open", 5),
}


@pytest.mark.parametrize(("decisions", "now", "status", "since"), DECISIONS.values(), ids=DECISIONS.keys())
def test_people_decide(decisions: list[Decision], now: float, status: str, since: float) -> None:
    signal = past_due(now, decisions=decisions)
    assert (signal.status, signal.updated_at) == (status, day(since))
    assert (signal.snoozed_until is not None) == (status == "snoozed")


def test_a_decision_ends_with_the_trouble_that_it_was_about() -> None:
    facts = (*OWED, sub(6), sub(6.9, "past_due"))
    assert past_due(7, *facts, decisions=[verdict(5.5, ID)]).status is SignalStatus.OPEN


def test_a_resolved_signal_stays_resolved_whatever_people_say() -> None:
    assert past_due(8, *OWED, sub(6), decisions=[verdict(7, ID)]).status is SignalStatus.RESOLVED


def test_a_canceled_signal_stays_acknowledged_until_it_expires() -> None:
    facts = ACTIVE, sub(5, "canceled")
    name = one_of("canceled", signals_at(6, *facts)).id
    for now, status in ((7, "acknowledged"), (34, "acknowledged"), (36, "resolved")):
        assert one_of("canceled", signals_at(now, *facts, decisions=[verdict(6, name)])).status == status


def test_nobody_s_attention_makes_it_more_severe() -> None:
    assert [past_due(now).severity for now in (7.9, 8.0)] == ["medium", "high"]
    assert past_due(8.1).updated_at == day(8)
    assert past_due(8.1, decisions=[verdict(6, ID)]).severity == "medium"
    assert past_due(8.1, decisions=[verdict(6, ID, "snooze", day(7))]).severity == "medium"
    assert past_due(10.1, decisions=[verdict(6, ID, "snooze", day(7))]).severity == "high"


def test_the_clock_says_when_it_changes_a_signal_next() -> None:
    risk = risk_of(*OWED, decisions=[verdict(6, ID, "snooze", day(7))])
    seen, now = [], 5.0
    while (change := assess(risk, OWNER, day(now)).next_change) is not None:
        now = (change - day(0)).total_seconds() / 86_400
        seen.append(now)
    assert seen == [6, 7, 8, 9, 10, 12]


SEVERITIES = {
    "much at stake": (150_000, "high"),
    "a key client": (1_500_000, "critical"),
    "ordinary": (5000, "medium"),
    "nothing at stake": (0, "low"),
}


@pytest.mark.parametrize(("mrr", "severity"), SEVERITIES.values(), ids=SEVERITIES.keys())
def test_severity_follows_the_money_and_the_client(mrr: int, severity: str) -> None:
    risk = risk_of(*OWED, revenue=pays(mrr))
    assert one_of("past_due", assess(risk, OWNER, day(6)).signals).severity == severity


def test_news_are_what_changed_and_never_go_back_in_time() -> None:
    paid_late = signals_at(9, ACTIVE, invoice(5), invoice(8, "paid"))
    paid_early = signals_at(9, ACTIVE, invoice(5), invoice(8, "paid"), invoice(6, "paid"))
    assert list(news(paid_late, paid_late, day(9))) == []
    (told,) = news(paid_late, paid_early, day(9))
    assert (told.resolved_at, told.updated_at) == (day(6), day(8))


def test_what_an_older_fact_come_late_contradicts_is_resolved_so() -> None:
    before = signals_at(9, ACTIVE, sub(8, worth=2000, event=None))
    later = signals_at(9, ACTIVE, sub(8, worth=2000, event=None), sub(7, worth=2000))
    (gone,) = (one for one in news(before, later, day(9)) if one.rule == "silent_drop")
    assert (gone.status, gone.resolution) == (SignalStatus.RESOLVED, "contradicted")


def test_a_rule_that_is_switched_off_leaves_nothing_open() -> None:
    off = replace(DEFAULT_RISK, off=frozenset({one_of("past_due", signals_at(6, *OWED)).rule}))
    (gone,) = news(signals_at(6, *OWED), signals_at(6, *OWED, settings=off), day(6))
    assert gone.status is SignalStatus.RESOLVED


POOL: tuple[RiskFact, ...] = (
    ACTIVE,
    OWING,
    sub(5, "past_due", feedback="same second"),
    sub(8),
    sub(8, worth=2000),
    sub(9, "past_due"),
    sub(9, leaving=True, ends_at=day(20)),
    sub(10, paused=True),
    sub(11, worth=1000, event=None),
    sub(12, "unpaid"),
    sub(20, "canceled"),
    sub(20, "canceled", event=None),
    sub(150),
    sub(0, "trialing", name="sub_2", trial_end=day(14), method=None),
    sub(14, "paused", name="sub_2", trial_end=day(14), method=None),
    sub(21, name="sub_2", started_at=day(21), renewal=900_000),
    owner(0),
    owner(12, "pm_1"),
    card(0, day(100)),
    card(13, day(900)),
    dispute(1),
    dispute(9, "lost"),
    warning(2),
    warning(3, actionable=False),
    decline(5, "stolen_card"),
    invoice(5, "open"),
    invoice(5),
    invoice(5, "action_required"),
    invoice(8, attempt=2),
    invoice(9, "uncollectible"),
    invoice(10, "paid"),
    invoice(140, "failed"),
)
WATCHING = replace(DEFAULT_RISK, watch_card_expiry=True)


@settings(max_examples=examples(1000, 10_000))
@given(st.lists(st.sampled_from(POOL), max_size=25), st.integers(0, 400), st.randoms(use_true_random=False))
def test_any_order_and_any_repeats_leave_the_same_signals_in_the_same_states(
    history: list[RiskFact], now: int, chance: Random
) -> None:
    delivered = [fact for fact in history for _ in range(chance.choice((1, 1, 2, 3)))]
    chance.shuffle(delivered)
    risk = risk_of(*delivered)
    assert encode_risk(risk) == encode_risk(risk_of(*history))
    assert decode_risk(encode_risk(risk)) == risk
    found = assess(risk, OWNER, day(now), WATCHING)
    assert found == assess(risk_of(*history), OWNER, day(now), WATCHING)
    assert len({signal.id for signal in found.signals}) == len(found.signals)
    assert all(with_fact(risk, fact) is risk for fact in delivered)


@settings(max_examples=examples(200, 5000))
@given(st.lists(st.sampled_from(POOL), max_size=20), st.randoms(use_true_random=False))
def test_readers_of_the_topic_end_with_the_same_open_signals_in_any_order(
    history: list[RiskFact], chance: Random
) -> None:
    shuffled = list(history)
    chance.shuffle(shuffled)
    assert _read(history) == _read(shuffled)


@settings(max_examples=examples(200, 5000))
@given(st.lists(st.sampled_from(POOL), max_size=20), st.randoms(use_true_random=False))
def test_readers_hold_every_signal_as_it_is_in_any_order_and_beyond_them_nothing_that_is_open(
    history: list[RiskFact], chance: Random
) -> None:
    delivered = [fact for fact in history for _ in range(chance.choice((1, 1, 2)))]
    chance.shuffle(delivered)
    held = _held(delivered)
    present = {one.id: one for one in assess(risk_of(*history), OWNER, day(30), WATCHING).signals}
    assert {name: _but_for_when(held[name]) for name in present} == {
        name: _but_for_when(one) for name, one in present.items()
    }
    # What news opened and an older fact, come late, has contradicted; and what is forgotten for its age.
    assert {one.status for name, one in held.items() if name not in present} <= {SignalStatus.RESOLVED}


def _but_for_when(signal: Signal) -> Signal:
    """When a signal was told last never goes back, so that depends on what came when."""
    return replace(signal, updated_at=signal.opened_at)


def _read(history: Sequence[RiskFact]) -> dict[str, tuple[str, str]]:
    """What a reader who keeps the latest state of each signal holds as not resolved."""
    return {
        name: (one.status.value, one.message)
        for name, one in _held(history).items()
        if one.status is not SignalStatus.RESOLVED
    }


def _held(history: Sequence[RiskFact]) -> dict[str, Signal]:
    """The latest state of each signal, as the topic tells it while the facts come one by one."""
    held: dict[str, Signal] = {}
    told: tuple[Signal, ...] = ()
    risk: ClientRisk = risk_of()
    for fact in history:
        risk = with_fact(risk, fact)
        present = assess(risk, OWNER, day(30), WATCHING).signals
        published = list(news(told, present, risk.newest or day(0)))
        for one in published:
            assert one.id not in held or one.updated_at >= held[one.id].updated_at
            held[one.id] = one
        told = told_after(told, published, present)
    return held
