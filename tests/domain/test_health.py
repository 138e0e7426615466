"""The health score: what each part says of a course, the sum, and settings that make no sense."""

from dataclasses import replace

import pytest

from libs.domain.client_state import CustomerRevenue
from libs.domain.health import (
    DEFAULT_HEALTH,
    Health,
    HealthPart,
    HealthSettings,
    HealthSettingsError,
    health_of,
    health_settings,
)
from libs.domain.risk import Decision, RiskFact, assess
from tests.domain.risk_facts import OWNER, day, invoice, one_of, pays, risk_of, sub, verdict

LONG_AGO = sub(0)


def health_at(
    now: float,
    *facts: RiskFact,
    revenue: CustomerRevenue | None = None,
    settings: HealthSettings = DEFAULT_HEALTH,
    decisions: tuple[Decision, ...] = (),
) -> Health | None:
    found = assess(risk_of(*facts, revenue=revenue, decisions=decisions), OWNER, day(now))
    return health_of(found.context, found.signals, settings)


def part(name: str, health: Health | None) -> HealthPart:
    assert health is not None
    (found,) = (one for one in health.parts if one.name == name)
    return found


TIERS = {0: (0, "pays nothing now"), 4999: (0, "tier 0 of 3"), 5000: (33, "tier 1"), 50_000: (67, "tier 2"),
         900_000: (100, "9000.00 USD a month: tier 3 of 3")}  # fmt: skip


@pytest.mark.parametrize("mrr", TIERS)
def test_the_tier_of_what_it_pays(mrr: int) -> None:
    value, why = TIERS[mrr]
    found = part("revenue_tier", health_at(100, LONG_AGO, revenue=pays(mrr)))
    assert found.value == value
    assert why in found.why


PAYMENTS: dict[str, tuple[tuple[RiskFact, ...], float, int, str]] = {
    "none failed": ((), 100, 100, "no failed attempts in 90 days"),
    "one failed and was paid": ((invoice(50), invoice(51, "paid")), 100, 80, "1 failed attempt in 90 days"),
    "two failed and it is open": ((invoice(50), invoice(51, attempt=2)), 52, 30, "a payment is still open"),
    "told twice": ((invoice(50), invoice(50.1), invoice(51, "paid")), 100, 80, "1 failed attempt"),
    "long ago": ((invoice(50), invoice(51, "paid")), 141, 100, "no failed attempts"),
    "all the time": (tuple(invoice(50 + n, attempt=n) for n in range(1, 9)), 60, 0, "8 failed attempts"),
}


@pytest.mark.parametrize(("facts", "now", "value", "why"), PAYMENTS.values(), ids=PAYMENTS.keys())
def test_how_payments_went(facts: tuple[RiskFact, ...], now: float, value: int, why: str) -> None:
    found = part("payment_health", health_at(now, LONG_AGO, *facts))
    assert found.value == value
    assert why in found.why


TRENDS: dict[str, tuple[tuple[RiskFact, ...], int, str]] = {
    "steady": ((LONG_AGO,), 75, "+0 % in 90 days"),
    "up by a fifth": ((LONG_AGO, sub(50, worth=6000)), 100, "+20 % in 90 days"),
    "up a little": ((LONG_AGO, sub(50, worth=5200)), 85, "+4 % in 90 days"),
    "down by a half": ((LONG_AGO, sub(50, worth=2500)), 38, "-50 % in 90 days"),
    "gone": ((LONG_AGO, sub(50, "canceled")), 0, "-100 % in 90 days"),
    "new": ((sub(50, started_at=day(50)),), 100, "new within 90 days"),
    "known late, begun before": ((sub(50),), 75, "+0 %"),
    "never paid": ((sub(50, "trialing"),), 0, "no paid subscription"),
}


@pytest.mark.parametrize(("facts", "value", "why"), TRENDS.values(), ids=TRENDS.keys())
def test_the_trend_of_its_subscriptions(facts: tuple[RiskFact, ...], value: int, why: str) -> None:
    found = part("subscription_trend", health_at(100, *facts))
    assert (found.value, why in found.why) == (value, True), found.why


def test_open_signals_cost_by_severity_and_half_when_in_hand() -> None:
    owing = LONG_AGO, sub(50, "past_due")
    name = one_of("past_due", assess(risk_of(*owing), OWNER, day(51)).signals).id
    alone = part("signals", health_at(51, *owing))
    in_hand = part("signals", health_at(51, *owing, decisions=(verdict(50.5, name),)))
    assert (alone.value, alone.why) == (85, "1 open signal (past_due), 0 in hand")
    assert (in_hand.value, in_hand.why) == (92, "1 open signal (past_due), 1 in hand")
    assert part("signals", health_at(51, LONG_AGO)).value == 100


def test_the_score_is_the_weighted_sum_rounded_once() -> None:
    health = health_at(100, LONG_AGO)
    assert health is not None
    assert [(one.weight, one.value) for one in health.parts] == [(20, 33), (35, 100), (20, 75), (25, 100)]
    assert health.score == 82
    only = replace(DEFAULT_HEALTH, weights=(0, 0, 100, 0))
    found = health_at(100, LONG_AGO, settings=only)
    assert found is not None
    assert found.score == 75


def test_without_any_subscription_there_is_nothing_to_judge_by() -> None:
    assert health_at(100, invoice(50)) is None


def test_the_clock_says_when_it_changes_next() -> None:
    failed = health_at(60, LONG_AGO, invoice(50))
    assert failed is not None
    assert failed.next_change == day(90)
    later = health_at(91, LONG_AGO, invoice(50))
    assert later is not None
    assert later.next_change == day(140)


BAD: dict[str, tuple[dict[str, object], str]] = {
    "too little": ({"weights": dict.fromkeys(("revenue_tier", "payment_health", "subscription_trend"), 33)
                    | {"signals": 0}}, "must sum to 100, not 99"),
    "one is missing": ({"weights": {"signals": 100}}, "must name each of"),
    "half points": ({"weights": dict.fromkeys(("revenue_tier", "payment_health", "subscription_trend", "signals"),
                                              25.0)}, "whole number"),
    "no tiers": ({"revenue_tiers": []}, "must be a list of amounts"),
    "tiers that fall": ({"revenue_tiers": [5, 1]}, "must grow"),
    "more days than are remembered": ({"trend_days": 121}, "from 0 to 120"),
    "unknown": ({"rain": 1}, "is unknown"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "fault"), BAD.values(), ids=BAD.keys())
def test_settings_that_make_no_sense(options: dict[str, object], fault: str) -> None:
    with pytest.raises(HealthSettingsError, match=fault):
        health_settings(options)


def test_settings_change_only_what_they_name() -> None:
    assert health_settings({}) == health_settings({"trend_days": None}) == DEFAULT_HEALTH
    assert health_settings({"trend_days": 30}) == replace(DEFAULT_HEALTH, trend_days=30)
