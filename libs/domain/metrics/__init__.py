"""The metrics, by the names that every answer uses: pure functions of movements, steps and payments."""

from libs.domain.metrics.bridge import Bridge, bridge, bridges, rounded
from libs.domain.metrics.figures import Books, Figure, Money, Present, Ratio, figures
from libs.domain.metrics.payments import FailedAttempt, Payment, failed_attempts, paid
from libs.domain.metrics.period import Period, Span, span_of, trailing
from libs.domain.metrics.rates import Rate, rate_text, ratio
from libs.domain.metrics.retention import CohortMonth, Retention, cohorts, retention
from libs.domain.metrics.trials import Trial, TrialCounts, trial_counts, trials

__all__ = [
    "Books",
    "Bridge",
    "CohortMonth",
    "FailedAttempt",
    "Figure",
    "Money",
    "Payment",
    "Period",
    "Present",
    "Rate",
    "Ratio",
    "Retention",
    "Span",
    "Trial",
    "TrialCounts",
    "bridge",
    "bridges",
    "cohorts",
    "failed_attempts",
    "figures",
    "paid",
    "rate_text",
    "ratio",
    "retention",
    "rounded",
    "span_of",
    "trailing",
    "trial_counts",
    "trials",
]
