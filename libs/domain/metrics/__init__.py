"""The metrics, by the names that every answer uses: pure functions of movements, steps and payments."""

from libs.domain.metrics.bridge import Bridge, bridge, bridges, rounded
from libs.domain.metrics.churn import subscriber_churn_rate
from libs.domain.metrics.figures import (
    Books,
    Figure,
    Money,
    Present,
    Ratio,
    figures,
    in_period_figure,
    in_period_figures,
    present_figures,
)
from libs.domain.metrics.measured import Clients, Measured, measured
from libs.domain.metrics.payments import FailedAttempt, Payment, failed_attempts, paid
from libs.domain.metrics.period import Period, Span, span_of, trailing
from libs.domain.metrics.rates import Rate, rate_text, ratio
from libs.domain.metrics.retention import CohortMonth, cohorts
from libs.domain.metrics.trials import Trial, TrialCounts, trial_counts, trials

__all__ = [
    "Books",
    "Bridge",
    "Clients",
    "CohortMonth",
    "FailedAttempt",
    "Figure",
    "Measured",
    "Money",
    "Payment",
    "Period",
    "Present",
    "Rate",
    "Ratio",
    "Span",
    "Trial",
    "TrialCounts",
    "bridge",
    "bridges",
    "cohorts",
    "failed_attempts",
    "figures",
    "in_period_figure",
    "in_period_figures",
    "measured",
    "paid",
    "present_figures",
    "rate_text",
    "ratio",
    "rounded",
    "span_of",
    "subscriber_churn_rate",
    "trailing",
    "trial_counts",
    "trials",
]
