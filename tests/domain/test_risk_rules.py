"""Every rule in every course that it knows: which signal stands at the end, how it stands, and since when."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from libs.domain.risk import DEFAULT_RISK, RiskFact, RiskSettings
from libs.domain.risk.rules.registry import RULES
from libs.domain.risk.signal import SignalRule
from tests.domain.risk_facts import (
    card,
    day,
    decline,
    dispute,
    invoice,
    one_of,
    owner,
    signals_at,
    sub,
    warning,
)

CALM = replace(DEFAULT_RISK, escalate_after_hours=None)
WATCHING = replace(CALM, watch_card_expiry=True)


@dataclass(frozen=True)
class Course:
    """`facts` as they stand `now` days after the start; what the rule then says: None, or (status or resolution, days
    after the start since when)."""

    facts: tuple[RiskFact, ...]
    now: float
    says: tuple[str, float] | None
    settings: RiskSettings = field(default=CALM)


ACTIVE = sub(0)
LEAVING: dict[str, Any] = {"leaving": True, "ends_at": day(40), "requested_at": day(10)}
TRIAL: dict[str, Any] = {"trial_end": day(14), "method": None, "period_end": day(14)}
YEARLY: dict[str, Any] = {"renewal": 600_000, "period_end": day(365)}

COURSES: dict[str, dict[str, Course]] = {
    "payment_failed": {
        "an attempt failed": Course((invoice(5),), 6, ("open", 5)),
        "and another": Course((invoice(5), invoice(8, attempt=2)), 9, ("open", 8)),
        "paid": Course((invoice(5), invoice(8, "paid", 2)), 9, ("recovered", 8)),
        "voided": Course((invoice(5), invoice(8, "voided")), 9, ("voided", 8)),
        "given up": Course((invoice(5), invoice(8, "uncollectible")), 9, ("open", 8)),
        "given up without an attempt": Course((invoice(8, "uncollectible"),), 9, None),
        "the subscription is canceled": Course((ACTIVE, invoice(5), sub(9, "canceled")), 10, ("superseded", 9)),
        "paid before it is canceled": Course(
            (ACTIVE, invoice(5), invoice(7, "paid"), sub(9, "canceled")), 10, ("recovered", 7)
        ),
        "told of a paid invoice": Course((invoice(5, "paid"), invoice(8)), 9, ("contradicted", 8)),
        "only open": Course((invoice(5, "open"),), 6, None),
    },
    "payment_action_required": {
        "asked": Course((invoice(5, "action_required"),), 6, ("open", 5)),
        "confirmed": Course((invoice(5, "action_required"), invoice(6, "paid")), 7, ("recovered", 6)),
        "voided": Course((invoice(5, "action_required"), invoice(6, "voided")), 7, ("voided", 6)),
        "canceled": Course((ACTIVE, invoice(5, "action_required"), sub(9, "canceled")), 10, ("superseded", 9)),
        "asked after it was paid": Course((invoice(5, "paid"), invoice(6, "action_required")), 7, None),
    },
    "past_due": {
        "active": Course((ACTIVE,), 1, None),
        "owing": Course((ACTIVE, sub(5, "past_due")), 6, ("open", 5)),
        "owing for a week": Course((ACTIVE, sub(5, "past_due")), 12, ("open", 12)),
        "paid": Course((ACTIVE, sub(5, "past_due"), sub(8)), 9, ("recovered", 8)),
        "unpaid then": Course((ACTIVE, sub(5, "past_due"), sub(8, "unpaid")), 9, ("superseded", 8)),
        "paused then": Course((ACTIVE, sub(5, "past_due"), sub(8, "paused")), 9, ("superseded", 8)),
        "canceled then": Course((ACTIVE, sub(5, "past_due"), sub(8, "canceled")), 9, ("superseded", 8)),
        "owing when first seen": Course((sub(5, "past_due"),), 6, ("open", 0)),
        "owing again at once": Course((ACTIVE, sub(5, "past_due"), sub(8), sub(8.5, "past_due")), 9, ("open", 8.5)),
        "told after the end": Course((ACTIVE, sub(5, "canceled"), sub(8, "past_due")), 9, None),
    },
    "unpaid": {
        "unpaid": Course((ACTIVE, sub(5, "unpaid")), 6, ("open", 5)),
        "paid": Course((ACTIVE, sub(5, "unpaid"), sub(8)), 9, ("recovered", 8)),
        "past due again": Course((ACTIVE, sub(5, "unpaid"), sub(8, "past_due")), 9, ("superseded", 8)),
        "canceled": Course((ACTIVE, sub(5, "unpaid"), sub(8, "canceled")), 9, ("superseded", 8)),
    },
    "cancellation_scheduled": {
        "scheduled": Course((ACTIVE, sub(10, **LEAVING)), 11, ("open", 10)),
        "soon": Course((ACTIVE, sub(10, **LEAVING)), 34, ("open", 33)),
        "withdrawn": Course((ACTIVE, sub(10, **LEAVING), sub(12)), 13, ("withdrawn", 12)),
        "done": Course((ACTIVE, sub(10, **LEAVING), sub(40, "canceled")), 41, ("superseded", 40)),
        "scheduled on a trial": Course((sub(0, "trialing", **LEAVING),), 1, ("open", 0)),
        "not known when": Course((ACTIVE, sub(10, leaving=True)), 11, ("open", 10)),
        "told after the end": Course((ACTIVE, sub(5, "canceled"), sub(10, **LEAVING)), 11, None),
    },
    "canceled": {
        "canceled": Course((ACTIVE, sub(5, "canceled")), 6, ("open", 5)),
        "found canceled": Course((sub(5, "canceled", ended_at=day(3)),), 6, ("open", 3)),
        "after thirty days": Course((ACTIVE, sub(5, "canceled")), 36, ("expired", 35)),
        "first seen when long over": Course((sub(50, "canceled", ended_at=day(3), event=None),), 51, None),
        "first seen when just over": Course((sub(20, "canceled", ended_at=day(3), event=None),), 21, ("open", 3)),
        "came back": Course(
            (ACTIVE, sub(5, "canceled"), sub(9, name="sub_2", started_at=day(9))), 10, ("reactivated", 9)
        ),
        "had another one already": Course((ACTIVE, sub(2, name="sub_2"), sub(5, "canceled")), 6, ("open", 5)),
        "came back for a trial": Course(
            (ACTIVE, sub(5, "canceled"), sub(9, "trialing", name="sub_2", started_at=day(9))), 10, ("open", 5)
        ),
        "never begun": Course((sub(0, "incomplete"), sub(1, "incomplete_expired")), 2, None),
        "a trial": Course((sub(0, "trialing", **TRIAL), sub(5, "canceled", **TRIAL)), 6, None),
        "owed at the end": Course((sub(0, "past_due"), sub(5, "canceled")), 6, ("open", 5)),
    },
    "paused": {
        "collection paused": Course((ACTIVE, sub(5, paused=True)), 6, ("open", 5)),
        "subscription paused": Course((ACTIVE, sub(5, "paused")), 6, ("open", 5)),
        "resumed": Course((ACTIVE, sub(5, "paused"), sub(8)), 9, ("reactivated", 8)),
        "canceled": Course((ACTIVE, sub(5, "paused"), sub(8, "canceled")), 9, ("superseded", 8)),
        "a trial that ended so": Course((sub(0, "trialing", **TRIAL), sub(14, "paused", **TRIAL)), 15, None),
    },
    "downgrade": {
        "a tenth": Course((ACTIVE, sub(5, worth=3900)), 6, ("open", 5)),
        "less than that": Course((ACTIVE, sub(5, worth=4600)), 6, None),
        "too little money": Course((sub(0, worth=1500), sub(5, worth=1000)), 6, None),
        "more": Course((ACTIVE, sub(5, worth=9000)), 6, None),
        "to nothing": Course((ACTIVE, sub(5, worth=0)), 6, ("open", 5)),
        "back again": Course((ACTIVE, sub(5, worth=2000), sub(8)), 9, ("withdrawn", 8)),
        "not quite back": Course((ACTIVE, sub(5, worth=2000), sub(8, worth=4000)), 9, ("open", 5)),
        "again": Course((ACTIVE, sub(5, worth=3500), sub(8, worth=1000)), 9, ("open", 8)),
        "after thirty days": Course((ACTIVE, sub(5, worth=2000)), 36, ("expired", 35)),
        "canceled": Course((ACTIVE, sub(5, worth=2000), sub(8, "canceled")), 9, ("superseded", 8)),
        "a pause is none": Course((ACTIVE, sub(5, worth=2000, paused=True)), 6, None),
        "not computable": Course((ACTIVE, sub(5, worth=0, complete=False)), 6, None),
    },
    "silent_drop": {
        "a snapshot shows less": Course((ACTIVE, sub(5, worth=2000, event=None)), 6, ("open", 5)),
        "a snapshot shows it canceled": Course((ACTIVE, sub(5, "canceled", event=None)), 6, ("open", 5)),
        "a snapshot shows it paused": Course((ACTIVE, sub(5, paused=True, event=None)), 6, ("open", 5)),
        "a snapshot shows the same": Course((ACTIVE, sub(5, event=None)), 6, None),
        "an event had told it": Course((ACTIVE, sub(4, worth=2000), sub(5, worth=2000, event=None)), 6, None),
        "the first that is known": Course((sub(5, worth=2000, event=None),), 6, None),
        "back again": Course((ACTIVE, sub(5, worth=2000, event=None), sub(8)), 9, ("withdrawn", 8)),
        "after thirty days": Course((ACTIVE, sub(5, worth=2000, event=None)), 36, ("expired", 35)),
    },
    "trial_ending_without_payment_method": {
        "not soon": Course((sub(0, "trialing", **TRIAL),), 10, None),
        "soon": Course((sub(0, "trialing", **TRIAL),), 11, ("open", 11)),
        "with a method": Course((sub(0, "trialing", **TRIAL | {"method": "pm_1"}),), 12, None),
        "with the customer's": Course((owner(0, "pm_1"), sub(0, "trialing", **TRIAL)), 12, None),
        "with a detached one": Course(
            (owner(0, "pm_1"), sub(0, "trialing", **TRIAL), card(1, None, detached=True)), 12, ("open", 11)
        ),
        "a method comes": Course((owner(0), sub(0, "trialing", **TRIAL), owner(12, "pm_1")), 13, ("recovered", 12)),
        "a method came in time": Course((owner(0), sub(0, "trialing", **TRIAL), owner(9, "pm_1")), 13, None),
        "converted": Course((sub(0, "trialing", **TRIAL), sub(14, **TRIAL)), 15, ("recovered", 14)),
        "canceled": Course((sub(0, "trialing", **TRIAL), sub(14, "canceled", **TRIAL)), 15, ("superseded", 14)),
        "told before its customer": Course((sub(12, "trialing", **TRIAL),), 12.01, None),
        "and its customer never came": Course((sub(12, "trialing", **TRIAL),), 12.05, ("open", 12 + 1 / 24)),
        "free": Course((sub(0, "trialing", worth=0, **TRIAL),), 12, None),
        "sent invoices": Course((sub(0, "trialing", **TRIAL, collected_automatically=False),), 12, None),
    },
    "trial_not_converted": {
        "canceled in it": Course((sub(0, "trialing", **TRIAL), sub(5, "canceled", **TRIAL)), 6, ("open", 5)),
        "paused at its end": Course((sub(0, "trialing", **TRIAL), sub(14, "paused", **TRIAL)), 15, ("open", 14)),
        "found canceled in it": Course((sub(5, "canceled", ended_at=day(4), **TRIAL),), 6, ("open", 4)),
        "converted": Course((sub(0, "trialing", **TRIAL), sub(14, **TRIAL)), 15, None),
        "owing at its end": Course((sub(0, "trialing", **TRIAL), sub(14, "past_due", **TRIAL)), 15, None),
        "paid later": Course(
            (sub(0, "trialing", **TRIAL), sub(14, "paused", **TRIAL), sub(20, **TRIAL)), 21, ("reactivated", 20)
        ),
        "subscribed anew": Course(
            (sub(0, "trialing", **TRIAL), sub(5, "canceled", **TRIAL), sub(9, name="sub_2", started_at=day(9))),
            10,
            ("reactivated", 9),
        ),
        "after thirty days": Course((sub(0, "trialing", **TRIAL), sub(5, "canceled", **TRIAL)), 36, ("expired", 35)),
        "first seen when long over": Course((sub(50, "canceled", ended_at=day(3), event=None, **TRIAL),), 51, None),
        "canceled after it": Course((sub(0, "trialing", **TRIAL), sub(14, **TRIAL), sub(30, "canceled")), 31, None),
    },
    "card_expiring": {
        "not watched": Course((card(0, day(300)), ACTIVE), 299, None),
        "not yet": Course((card(0, day(300)), ACTIVE), 269, None, WATCHING),
        "soon": Course((card(0, day(300)), ACTIVE), 271, ("open", 270), WATCHING),
        "after the renewal": Course((card(0, day(366)), ACTIVE), 364, None, WATCHING),
        "renewed by the bank": Course(
            (card(0, day(300)), ACTIVE, card(275, day(900))), 276, ("recovered", 275), WATCHING
        ),
        "another card": Course((card(0, day(300)), ACTIVE, sub(275, method="pm_2")), 276, ("recovered", 275), WATCHING),
        "the customer's card": Course(
            (card(0, day(300)), owner(0, "pm_1"), sub(0, method=None)), 271, ("open", 270), WATCHING
        ),
        "it ends before": Course(
            (card(0, day(300)), ACTIVE, sub(275, leaving=True)), 276, ("superseded", 275), WATCHING
        ),
        "it has ended": Course((card(0, day(300)), ACTIVE, sub(275, "canceled")), 276, ("superseded", 275), WATCHING),
        "month not known": Course((card(0, None), ACTIVE), 300, None, WATCHING),
    },
    "dispute_opened": {
        "opened": Course((dispute(1),), 2, ("open", 1)),
        "under review": Course((dispute(1), dispute(4, "under_review")), 5, ("open", 4)),
        "won": Course((dispute(1), dispute(9, "won")), 10, ("recovered", 9)),
        "lost": Course((dispute(1), dispute(9, "lost")), 10, ("voided", 9)),
        "an inquiry that was closed": Course((dispute(1), dispute(9, "warning_closed")), 10, ("recovered", 9)),
        "only its end is known": Course((dispute(9, "won"),), 10, ("recovered", 9)),
        "first seen when long over": Course((dispute(9, "won", event=None),), 10, None),
    },
    "fraud_warning": {
        "told": Course((warning(1),), 2, ("open", 1)),
        "refunded": Course((warning(1), warning(3, actionable=False)), 4, ("superseded", 3)),
        "after thirty days": Course((warning(1),), 32, ("expired", 31)),
        "first seen when long over": Course((warning(40, event=None),), 41, None),
    },
    "large_renewal": {
        "not soon": Course((sub(0, **YEARLY),), 350, None),
        "soon": Course((sub(0, **YEARLY),), 352, ("open", 351)),
        "it came": Course((sub(0, **YEARLY),), 366, ("expired", 365)),
        "small": Course((sub(0, renewal=400_000),), 352, None),
        "monthly": Course((sub(0, renewal=600_000, period_end=day(31)),), 25, None),
        "it ends instead": Course((sub(0, **YEARLY), sub(353, **YEARLY, leaving=True)), 354, ("withdrawn", 353)),
        "ended": Course((sub(0, **YEARLY), sub(353, "canceled", **YEARLY)), 354, ("withdrawn", 353)),
        "owing": Course((sub(0, "past_due", **YEARLY),), 352, None),
    },
}
TABLE = {f"{rule}: {name}": (rule, course) for rule, courses in COURSES.items() for name, course in courses.items()}


@pytest.mark.parametrize(("rule", "course"), TABLE.values(), ids=TABLE.keys())
def test_rules(rule: str, course: Course) -> None:
    found = [one for one in signals_at(course.now, *course.facts, settings=course.settings) if one.rule == rule]
    if course.says is None:
        assert found == []
        return
    (signal,) = found
    says, since = course.says
    assert (signal.resolution or signal.status, signal.updated_at) == (says, day(since))
    assert signal.message
    assert signal.evidence or all(getattr(fact, "event", None) is None for fact in course.facts[-1:])


def test_every_rule_is_in_the_table() -> None:
    assert set(COURSES) == set(RULES)
    assert set(SignalRule) - set(RULES) == {SignalRule.METRIC_THRESHOLD}


@pytest.mark.parametrize("rule", COURSES, ids=str)
def test_a_rule_that_is_off_says_nothing(rule: str) -> None:
    settings = replace(WATCHING, off=frozenset({SignalRule(rule)}))
    for course in COURSES[rule].values():
        assert not [one for one in signals_at(course.now, *course.facts, settings=settings) if one.rule == rule]


DECLINES = {
    "soft": (decline(5, "insufficient_funds"), "(insufficient_funds, soft)", "medium"),
    "hard": (decline(5, "stolen_card"), "(stolen_card, hard: another payment method is needed)", "high"),
    "the network forbids it": (decline(5, "generic_decline", "do_not_try_again"), "generic_decline, hard", "high"),
    "of another amount": (decline(5, "stolen_card", amount=1), "failed at attempt 1; ", "medium"),
    "of another day": (decline(3, "stolen_card"), "failed at attempt 1; ", "medium"),
}


@pytest.mark.parametrize(("why", "words", "severity"), DECLINES.values(), ids=DECLINES.keys())
def test_a_decline_says_whether_trying_again_can_help(why: RiskFact, words: str, severity: str) -> None:
    signal = one_of("payment_failed", signals_at(6, invoice(5, retry=day(9)), why))
    assert words in signal.message
    assert signal.severity == severity


WORDS = {
    "voluntary": (sub(5, "canceled", reason="cancellation_requested", feedback="too_expensive"),
                  "canceled voluntarily (cancellation_requested, too_expensive)"),
    "involuntary": (sub(5, "canceled", reason="payment_failed"), "canceled involuntarily (payment_failed)"),
    "no reason given": (sub(5, "canceled"), "canceled voluntarily"),
}  # fmt: skip


@pytest.mark.parametrize(("end", "words"), WORDS.values(), ids=WORDS.keys())
def test_a_cancellation_says_why(end: RiskFact, words: str) -> None:
    signal = one_of("canceled", signals_at(6, ACTIVE, end))
    assert signal.message == words
    assert [risk.amount for risk in signal.mrr_at_risk] == [5000]


def test_an_end_that_is_told_incompletely_costs_what_was_known_before() -> None:
    signal = one_of("canceled", signals_at(6, ACTIVE, sub(5, "canceled", worth=0, complete=False)))
    assert [risk.amount for risk in signal.mrr_at_risk] == [5000]


def test_what_is_lost_is_at_risk_not_what_is_left() -> None:
    [at_risk] = one_of("downgrade", signals_at(9, ACTIVE, sub(5, worth=3500), sub(8, worth=1000))).mrr_at_risk
    assert at_risk.amount == 4000
