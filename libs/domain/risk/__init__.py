"""Churn risk: signals, the rules that raise them, and a client's risk as a fold."""

from libs.domain.risk.client_risk import NO_RISK, ClientRisk, news, signals, with_invoice, with_revenue
from libs.domain.risk.payment import InvoicePayment
from libs.domain.risk.payment_failed import Stake, assess
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
    "NO_RISK",
    "AmountDue",
    "ClientRisk",
    "InvoicePayment",
    "MrrAtRisk",
    "Resolution",
    "Severity",
    "Signal",
    "SignalRule",
    "SignalStatus",
    "Stake",
    "assess",
    "news",
    "signal_id",
    "signals",
    "with_invoice",
    "with_revenue",
]
