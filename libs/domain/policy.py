"""How MRR is defined: the options, their defaults, and the presets that match what well-known products publish."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction


class PauseRule(StrEnum):
    """Whether `pause_collection` takes a subscription out of MRR. By behaviour: only `keep_as_draft` counts."""

    BY_BEHAVIOR = "by_behavior"
    INCLUDE = "include"
    EXCLUDE = "exclude"


class ChurnRecognition(StrEnum):
    AT_PERIOD_END = "at_period_end"
    AT_REQUEST = "at_request"


class ActiveFrom(StrEnum):
    START = "start"
    FIRST_PAYMENT = "first_payment"


@dataclass(frozen=True, slots=True)
class SubtractDiscounts:
    """Which coupon durations lower MRR."""

    forever: bool = True
    repeating: bool = True
    once: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """Every option of how MRR is counted. Factors are exact: a day price counts `day_factor` times a month."""

    include_trials: bool = False
    include_past_due: bool = True
    past_due_churn_after_days: int | None = None
    pause_collection: PauseRule = PauseRule.BY_BEHAVIOR
    subtract_discounts: SubtractDiscounts = field(default_factory=SubtractDiscounts)
    churn_recognition: ChurnRecognition = ChurnRecognition.AT_PERIOD_END
    free_is_churn: bool = True
    reactivation_window_days: int | None = None
    movement_grouping_minutes: int = 0
    late_window_days: int | None = 4
    include_metered: bool = False
    day_factor: Fraction = Fraction(365, 12)
    week_factor: Fraction = Fraction(52, 12)
    strip_inclusive_tax: bool = False
    base_currency: str | None = None
    timezone: str = "UTC"

    @property
    def late_window(self) -> timedelta | None:
        return None if self.late_window_days is None else timedelta(days=self.late_window_days)


DEFAULT = Policy()
