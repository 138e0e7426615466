"""Options become a policy; what is wrong with them is named."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from libs.domain.identity import Currency
from libs.domain.policy import (
    DEFAULT,
    PRESETS,
    ChurnFormula,
    ChurnRecognition,
    FxMode,
    PauseRule,
    Policy,
    PolicyError,
    Rate,
    SubscriberChurnFormula,
    SubtractDiscounts,
    policy_of,
    rate_on,
)

EUR = Currency("eur")


def test_defaults_are_the_documented_ones() -> None:
    assert Policy() == policy_of("default", {})
    assert policy_of("default", {}) == Policy(
        include_trials=False,
        include_past_due=True,
        past_due_churn_after_days=None,
        pause_collection=PauseRule.BY_BEHAVIOR,
        subtract_discounts=SubtractDiscounts(forever=True, repeating=True, once=False),
        churn_recognition=ChurnRecognition.AT_PERIOD_END,
        free_is_churn=True,
        reactivation_window_days=None,
        movement_grouping_minutes=0,
        late_window_days=4,
        include_metered=False,
        day_factor=Fraction(365, 12),
        week_factor=Fraction(13, 3),
        base_currency=None,
        fx=(),
        fx_mode=FxMode.SPOT,
        strip_inclusive_tax=False,
        churn_formula=ChurnFormula.STANDARD,
        subscriber_churn_formula=SubscriberChurnFormula.STRIPE,
        timezone="UTC",
    )


@pytest.mark.parametrize(
    ("preset", "option", "value"),
    [
        ("stripe", "subtract_discounts", SubtractDiscounts(forever=True, repeating=False, once=False)),
        ("stripe", "churn_recognition", ChurnRecognition.AT_REQUEST),
        ("stripe", "include_metered", False),
        ("stripe", "subscriber_churn_formula", SubscriberChurnFormula.STRIPE),
        ("chartmogul", "pause_collection", PauseRule.INCLUDE),
        ("chartmogul", "free_is_churn", False),
        ("chartmogul", "movement_grouping_minutes", 60),
        ("chartmogul", "churn_recognition", ChurnRecognition.AT_PERIOD_END),
        ("chartmogul", "subscriber_churn_formula", SubscriberChurnFormula.CHARTMOGUL_STANDARD),
        ("baremetrics", "past_due_churn_after_days", 30),
        ("profitwell", "include_metered", True),
        ("profitwell", "pause_collection", PauseRule.EXCLUDE),
        ("profitwell", "subtract_discounts", SubtractDiscounts(forever=True, repeating=True, once=True)),
        ("profitwell", "churn_recognition", ChurnRecognition.AT_PERIOD_END),
    ],
)
def test_presets_are_what_the_products_publish(preset: str, option: str, value: object) -> None:
    assert getattr(policy_of(preset, {}), option) == value


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_counts_trials_or_leaves_out_past_due(preset: str) -> None:
    assert not PRESETS[preset].include_trials
    assert PRESETS[preset].include_past_due


@pytest.mark.parametrize(
    ("option", "value", "read"),
    [
        ("include_trials", True, True),
        ("include_past_due", False, False),
        ("past_due_churn_after_days", 30, 30),
        ("past_due_churn_after_days", None, None),
        ("pause_collection", "exclude", PauseRule.EXCLUDE),
        ("churn_recognition", "at_request", ChurnRecognition.AT_REQUEST),
        ("free_is_churn", False, False),
        ("reactivation_window_days", 90, 90),
        ("movement_grouping_minutes", 60, 60),
        ("late_window_days", None, None),
        ("late_window_days", 0, 0),
        ("include_metered", True, True),
        ("day_factor", 30, Fraction(30)),
        ("day_factor", "30", Fraction(30)),
        ("day_factor", "365/12", Fraction(365, 12)),
        ("day_factor", "30.4375", Fraction(487, 16)),
        ("week_factor", 4.3333, Fraction(43333, 10000)),
        ("week_factor", Decimal("4.3333"), Fraction(43333, 10000)),
        ("week_factor", "52/12", Fraction(13, 3)),
        ("base_currency", "USD", "usd"),
        ("base_currency", None, None),
        ("fx_mode", "lock", FxMode.LOCK),
        ("strip_inclusive_tax", True, True),
        ("churn_formula", "daily_sum", ChurnFormula.DAILY_SUM),
        ("subscriber_churn_formula", "chartmogul_standard", SubscriberChurnFormula.CHARTMOGUL_STANDARD),
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_options_are_read(option: str, value: object, read: object) -> None:
    assert getattr(policy_of("default", {option: value}), option) == read


def test_subtracted_durations_not_named_keep_the_presets_value() -> None:
    options = {"subtract_discounts": {"repeating": True}}
    assert policy_of("stripe", options).subtract_discounts == SubtractDiscounts(True, True, False)


def test_options_lie_over_the_preset() -> None:
    policy = policy_of("profitwell", {"include_metered": False})
    assert (policy.include_metered, policy.pause_collection) == (False, PauseRule.EXCLUDE)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"include_trails": True}, "include_trails"),
        ({"include_trials": "yes"}, "include_trials"),
        ({"include_trials": 1}, "include_trials"),
        ({"include_trials": None}, "include_trials"),
        ({"past_due_churn_after_days": -1}, "past_due_churn_after_days"),
        ({"past_due_churn_after_days": 1.5}, "past_due_churn_after_days"),
        ({"past_due_churn_after_days": True}, "past_due_churn_after_days"),
        ({"late_window_days": "4"}, "late_window_days"),
        ({"movement_grouping_minutes": None}, "movement_grouping_minutes"),
        ({"pause_collection": "maybe"}, "pause_collection"),
        ({"pause_collection": None}, "pause_collection"),
        ({"churn_recognition": ["at_request"]}, "churn_recognition"),
        ({"subtract_discounts": True}, "subtract_discounts"),
        ({"subtract_discounts": {"twice": True}}, "subtract_discounts.twice"),
        ({"subtract_discounts": {"once": 1}}, "subtract_discounts.once"),
        ({"day_factor": 0}, "day_factor"),
        ({"day_factor": -30}, "day_factor"),
        ({"day_factor": "thirty"}, "day_factor"),
        ({"day_factor": "30/0"}, "day_factor"),
        ({"day_factor": "30/"}, "day_factor"),
        ({"day_factor": "1e999999999"}, "day_factor"),
        ({"day_factor": float("nan")}, "day_factor"),
        ({"day_factor": float("inf")}, "day_factor"),
        ({"day_factor": True}, "day_factor"),
        ({"week_factor": 10_000}, "week_factor"),
        ({"base_currency": "dollars"}, "base_currency"),
        ({"base_currency": 840}, "base_currency"),
        ({"fx": 1.1}, "fx"),
        ({"fx": {"eur": "0"}}, "fx.eur"),
        ({"fx": {"euro": "1.1"}}, "fx.euro"),
        ({"fx": {"eur": {"last week": "1.1"}}}, "fx.eur.last week"),
        ({"fx": {"eur": {"rate": "1.1", "date": "soon"}}}, "fx.eur.date"),
        ({"fx": {"eur": {"rate": "1.1", "day": "2025-01-01"}}}, "fx.eur.day"),
        ({"fx": {"eur": [1.1]}}, "fx.eur[0]"),
        ({"fx": [{"rate": 1}]}, "fx[0].currency"),
        ({"fx_mode": "float"}, "fx_mode"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"timezone": 1}, "timezone"),
    ],
    ids=str,
)
def test_a_wrong_option_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(PolicyError) as error:
        policy_of("default", options)
    assert error.value.option == named
    assert named in str(error.value)


def test_an_unknown_preset_is_named_with_those_there_are() -> None:
    with pytest.raises(PolicyError, match="chartmogul"):
        policy_of("quickbooks", {})


@pytest.mark.parametrize(
    ("fx", "rates"),
    [
        ({}, ()),
        (None, ()),
        ({"EUR": "1.10"}, (Rate(EUR, Fraction(11, 10)),)),
        ({"eur": 1.1}, (Rate(EUR, Fraction(11, 10)),)),
        ({"eur": {"2025-01-31": "1.10"}}, (Rate(EUR, Fraction(11, 10), date(2025, 1, 31)),)),
        (
            {"eur": {"rate": "1.10", "date": "2025-01-31", "source": "ECB"}},
            (Rate(EUR, Fraction(11, 10), date(2025, 1, 31), "ECB"),),
        ),
        (
            [{"currency": "eur", "rate": "1.2", "date": "2025-02-01"}, {"currency": "eur", "rate": "1.1"}],
            (Rate(EUR, Fraction(11, 10)), Rate(EUR, Fraction(6, 5), date(2025, 2, 1))),
        ),
        ({"eur": [{"rate": "1.1"}]}, (Rate(EUR, Fraction(11, 10)),)),
    ],
    ids=str,
)
def test_rates_are_read_in_each_of_their_forms(fx: object, rates: tuple[Rate, ...]) -> None:
    assert policy_of("default", {"fx": fx}).fx == rates


DATED = policy_of("default", {"fx": {"eur": {"2025-01-10": "1.1", "2025-01-20": "1.2"}, "gbp": "1.3"}}).fx


@pytest.mark.parametrize(
    ("currency", "day", "rate"),
    [
        ("eur", date(2025, 1, 9), None),
        ("eur", date(2025, 1, 10), Fraction(11, 10)),
        ("eur", date(2025, 1, 19), Fraction(11, 10)),
        ("eur", date(2025, 1, 20), Fraction(6, 5)),
        ("eur", date(2026, 1, 1), Fraction(6, 5)),
        ("gbp", date(1999, 1, 1), Fraction(13, 10)),
        ("jpy", date(2025, 1, 20), None),
    ],
)
def test_the_newest_rate_that_is_not_later_holds(currency: str, day: date, rate: Fraction | None) -> None:
    found = rate_on(DATED, currency, day)
    assert (None if found is None else found.rate) == rate


def test_policies_are_values() -> None:
    assert hash(policy_of("stripe", {})) == hash(policy_of("stripe", {}))
    assert policy_of("stripe", {}) != DEFAULT
