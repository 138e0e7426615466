"""All rules by name. A new rule is a function and a line here."""

from collections.abc import Callable, Iterator, Mapping

from libs.domain.risk.context import RiskContext
from libs.domain.risk.finding import Finding
from libs.domain.risk.rules.arrears import past_due, unpaid
from libs.domain.risk.rules.cards import card_expiring
from libs.domain.risk.rules.disputes import dispute_opened, fraud_warning
from libs.domain.risk.rules.leaving import canceled_for_good, cancellation_scheduled
from libs.domain.risk.rules.pausing import paused
from libs.domain.risk.rules.payments import payment_action_required, payment_failed
from libs.domain.risk.rules.renewals import large_renewal
from libs.domain.risk.rules.shrinking import downgrade, silent_drop
from libs.domain.risk.rules.trials import trial_ending_without_payment_method, trial_not_converted
from libs.domain.risk.signal import SignalRule

RULES: Mapping[SignalRule, Callable[[RiskContext], Iterator[Finding]]] = {
    SignalRule.PAYMENT_FAILED: payment_failed,
    SignalRule.PAYMENT_ACTION_REQUIRED: payment_action_required,
    SignalRule.PAST_DUE: past_due,
    SignalRule.UNPAID: unpaid,
    SignalRule.CANCELLATION_SCHEDULED: cancellation_scheduled,
    SignalRule.CANCELED: canceled_for_good,
    SignalRule.PAUSED: paused,
    SignalRule.DOWNGRADE: downgrade,
    SignalRule.SILENT_DROP: silent_drop,
    SignalRule.TRIAL_ENDING_WITHOUT_PAYMENT_METHOD: trial_ending_without_payment_method,
    SignalRule.TRIAL_NOT_CONVERTED: trial_not_converted,
    SignalRule.CARD_EXPIRING: card_expiring,
    SignalRule.DISPUTE_OPENED: dispute_opened,
    SignalRule.FRAUD_WARNING: fraud_warning,
    SignalRule.LARGE_RENEWAL: large_renewal,
}
"""`metric_threshold` is not about a client's facts: see `libs.domain.risk.metric_threshold`."""
