"""The presets: our options set to what well-known products publish about theirs, so that a team can match its tool.

An option that a product says nothing about keeps our default. The sources of each line: `libs/domain/README.md`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from libs.domain.policy.options import (
    DEFAULT,
    ChurnRecognition,
    PauseRule,
    Policy,
    SubscriberChurnFormula,
    SubtractDiscounts,
)

STRIPE = Policy(
    subtract_discounts=SubtractDiscounts(forever=True, repeating=False, once=False),
    churn_recognition=ChurnRecognition.AT_REQUEST,
)

CHARTMOGUL = Policy(
    pause_collection=PauseRule.INCLUDE,
    free_is_churn=False,
    movement_grouping_minutes=60,
    subscriber_churn_formula=SubscriberChurnFormula.CHARTMOGUL_STANDARD,
)

BAREMETRICS = Policy(past_due_churn_after_days=30)

PROFITWELL = Policy(
    include_metered=True,
    pause_collection=PauseRule.EXCLUDE,
    subtract_discounts=SubtractDiscounts(forever=True, repeating=True, once=True),
)

PRESETS: Mapping[str, Policy] = MappingProxyType(
    {
        "default": DEFAULT,
        "stripe": STRIPE,
        "chartmogul": CHARTMOGUL,
        "baremetrics": BAREMETRICS,
        "profitwell": PROFITWELL,
    }
)
