"""What a project can set of the rules."""

from dataclasses import replace
from fractions import Fraction

import pytest

from libs.domain.risk import DEFAULT_RISK, RiskSettingsError, SignalRule, risk_settings

GOOD: dict[str, tuple[object, object]] = {
    "off": (["canceled"], frozenset({SignalRule.CANCELED})),
    "watch_card_expiry": (True, True),
    "large_mrr": (5, 5),
    "downgrade_share": ("0.25", Fraction(1, 4)),
    "escalate_after_hours": (None, None),
    "cooldown_hours": (0, 0),
}
BAD: dict[str, tuple[str, object]] = {
    "unknown": ("rain", 1),
    "no rule": ("off", ["rain"]),
    "one rule, not a list": ("off", "canceled"),
    "a word for a switch": ("watch_card_expiry", "yes"),
    "a fraction of a unit": ("large_mrr", 1.5),
    "a switch for a number": ("large_mrr", True),
    "below nothing": ("past_due_days", -1),
    "beyond all times": ("past_due_days", 10_001),
    "a number for a share": ("downgrade_share", 0.1),
    "a share above all": ("downgrade_share", "1.1"),
    "no share": ("downgrade_share", "much"),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_option_changes_what_it_names(name: str) -> None:
    given, read = GOOD[name]
    assert getattr(risk_settings({name: given}), name) == read
    assert replace(risk_settings({name: given}), **{name: getattr(DEFAULT_RISK, name)}) == DEFAULT_RISK


@pytest.mark.parametrize("name", sorted(set(DEFAULT_RISK.__slots__) - {"escalate_after_hours"}))
def test_null_takes_a_default_back(name: str) -> None:
    assert risk_settings({name: None}) == DEFAULT_RISK


@pytest.mark.parametrize(("name", "value"), BAD.values(), ids=BAD.keys())
def test_what_makes_no_sense_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(RiskSettingsError) as refused:
        risk_settings({name: value})
    assert refused.value.option == name
