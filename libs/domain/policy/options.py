"""Every option of how MRR is counted, with our default for each. What each means: `libs/domain/README.md`."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.policy.rates import Rate


class PauseRule(StrEnum):
    """Whether `pause_collection` takes a subscription out of MRR. By behaviour: only `keep_as_draft` counts."""

    BY_BEHAVIOR = "by_behavior"
    INCLUDE = "include"
    EXCLUDE = "exclude"


class ChurnRecognition(StrEnum):
    """When a cancellation takes the revenue away: when the subscription ends, or as soon as it is asked for."""

    AT_PERIOD_END = "at_period_end"
    AT_REQUEST = "at_request"


class FxMode(StrEnum):
    """Spot: today's rate on all of MRR, with `fx` movements between. Lock: each movement keeps the rate of its day."""

    SPOT = "spot"
    LOCK = "lock"


class ChurnFormula(StrEnum):
    """Revenue churn of a period: over the MRR at its start, or the sum of each day's rate."""

    STANDARD = "standard"
    DAILY_SUM = "daily_sum"


class SubscriberChurnFormula(StrEnum):
    """Stripe: churned over those at the start plus the new ones. ChartMogul: over those at the start, less returns."""

    STRIPE = "stripe"
    CHARTMOGUL_STANDARD = "chartmogul_standard"


@dataclass(frozen=True, slots=True)
class SubtractDiscounts:
    """Which coupon durations lower MRR."""

    forever: bool = True
    repeating: bool = True
    once: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """How MRR is counted. Factors are exact: a daily price counts `day_factor` times a month."""

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
    base_currency: Currency | None = None
    fx: tuple[Rate, ...] = ()
    fx_mode: FxMode = FxMode.SPOT
    strip_inclusive_tax: bool = False
    churn_formula: ChurnFormula = ChurnFormula.STANDARD
    subscriber_churn_formula: SubscriberChurnFormula = SubscriberChurnFormula.STRIPE
    timezone: str = "UTC"

    @property
    def late_window(self) -> timedelta | None:
        return None if self.late_window_days is None else timedelta(days=self.late_window_days)


DEFAULT = Policy()
