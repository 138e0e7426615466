"""How bad a signal is: its rule, what hangs on it, and whose client it is."""

from collections.abc import Iterable, Mapping

from libs.domain.risk.settings import RiskSettings
from libs.domain.risk.signal import MrrAtRisk, Severity, SignalRule

BASE: Mapping[SignalRule, Severity] = {
    SignalRule.PAYMENT_FAILED: Severity.MEDIUM,
    SignalRule.PAST_DUE: Severity.MEDIUM,
    SignalRule.UNPAID: Severity.HIGH,
    SignalRule.PAYMENT_ACTION_REQUIRED: Severity.MEDIUM,
    SignalRule.CANCELLATION_SCHEDULED: Severity.MEDIUM,
    SignalRule.CANCELED: Severity.HIGH,
    SignalRule.PAUSED: Severity.MEDIUM,
    SignalRule.DOWNGRADE: Severity.MEDIUM,
    SignalRule.TRIAL_ENDING_WITHOUT_PAYMENT_METHOD: Severity.MEDIUM,
    SignalRule.TRIAL_NOT_CONVERTED: Severity.MEDIUM,
    SignalRule.CARD_EXPIRING: Severity.MEDIUM,
    SignalRule.DISPUTE_OPENED: Severity.HIGH,
    SignalRule.FRAUD_WARNING: Severity.MEDIUM,
    SignalRule.LARGE_RENEWAL: Severity.LOW,
    SignalRule.SILENT_DROP: Severity.MEDIUM,
    SignalRule.METRIC_THRESHOLD: Severity.MEDIUM,
}
"""With ordinary MRR at stake."""

LEVELS = tuple(Severity)


def severity_of(
    base: Severity, at_stake: Iterable[MrrAtRisk], client: Iterable[MrrAtRisk], settings: RiskSettings
) -> Severity:
    """`base`, one step less where no MRR hangs on it, one more where much does, one more for a key client."""
    amounts = [one.amount for one in at_stake]
    steps = 0 if any(amount > 0 for amount in amounts) else -1
    steps += any(amount >= settings.large_mrr for amount in amounts)
    steps += any(one.amount >= settings.key_client_mrr for one in client)
    return moved(base, steps)


def moved(severity: Severity, steps: int) -> Severity:
    """So many steps worse (or, negative, better), within the scale."""
    return LEVELS[max(0, min(LEVELS.index(severity) + steps, len(LEVELS) - 1))]
