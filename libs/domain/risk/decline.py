"""Why a charge was declined, and whether trying the same card again can help."""

from collections.abc import Iterable
from datetime import timedelta

from libs.domain.risk.facts import Decline
from libs.domain.risk.payment import InvoicePayment

HARD = frozenset(
    {
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "stolen_card",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "authentication_required",
        "highest_risk_level",
        "transaction_not_allowed",
    }
)
"""Stripe's Smart Retries don't try these again without another payment method."""

NO_MORE = "do_not_try_again"
"""The card network's own advice."""

NEAR = timedelta(minutes=10)
"""A charge and the invoice's version that counts it as an attempt are told within seconds of each other."""


def is_hard(decline: Decline) -> bool:
    """Only another payment method can help."""
    return decline.code in HARD or decline.advice == NO_MORE


def decline_of(payment: InvoicePayment, declines: Iterable[Decline]) -> Decline | None:
    """Why the attempt that this version of an invoice tells of failed, where a charge or payment intent says so.

    By the invoice that it names; where it names none (since basil), by customer, amount and time.
    """
    near = [one for one in declines if one.customer == payment.customer and abs(one.at - payment.at) <= NEAR]
    named = [one for one in near if one.invoice == payment.invoice]
    alike = [
        one
        for one in near
        if one.invoice is None and one.amount == payment.amount_due and one.currency == payment.currency
    ]
    return min(named or alike, key=lambda one: (abs(one.at - payment.at), one.advice is None, one.id), default=None)
