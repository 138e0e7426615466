"""How MRR is defined: the options, their defaults, the presets, and how settings are read into them."""

from libs.domain.policy.faults import PolicyError
from libs.domain.policy.options import (
    DEFAULT,
    ChurnFormula,
    ChurnRecognition,
    FxMode,
    PauseRule,
    Policy,
    SubscriberChurnFormula,
    SubtractDiscounts,
)
from libs.domain.policy.presets import PRESETS
from libs.domain.policy.rates import Rate, rate_on
from libs.domain.policy.reading import policy_of

__all__ = [
    "DEFAULT",
    "PRESETS",
    "ChurnFormula",
    "ChurnRecognition",
    "FxMode",
    "PauseRule",
    "Policy",
    "PolicyError",
    "Rate",
    "SubscriberChurnFormula",
    "SubtractDiscounts",
    "policy_of",
    "rate_on",
]
