"""Churn risk: facts of a client, the rules that find trouble in them, and signals as a function of both."""

from libs.domain.risk.assess import Assessment, assess, news, told_after
from libs.domain.risk.client_risk import (
    NO_RISK,
    ClientRisk,
    RiskFact,
    with_decision,
    with_fact,
    with_invoice,
    with_revenue,
)
from libs.domain.risk.decision import Decision, Verdict
from libs.domain.risk.payment import InvoicePayment
from libs.domain.risk.settings import DEFAULT_RISK, RiskSettings, RiskSettingsError, risk_settings
from libs.domain.risk.signal import (
    AmountDue,
    MrrAtRisk,
    Resolution,
    Severity,
    Signal,
    SignalRule,
    SignalStatus,
    signal_id,
)

__all__ = [
    "DEFAULT_RISK",
    "NO_RISK",
    "AmountDue",
    "Assessment",
    "ClientRisk",
    "Decision",
    "InvoicePayment",
    "MrrAtRisk",
    "Resolution",
    "RiskFact",
    "RiskSettings",
    "RiskSettingsError",
    "Severity",
    "Signal",
    "SignalRule",
    "SignalStatus",
    "Verdict",
    "assess",
    "news",
    "risk_settings",
    "signal_id",
    "told_after",
    "with_decision",
    "with_fact",
    "with_invoice",
    "with_revenue",
]
