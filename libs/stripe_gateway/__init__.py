"""Stripe's API as we use it: reads of one account, within a rate, patient with what passes, exact about what doesn't.

`open_account(api, key)` gives a `StripeAccount`; its answers are Stripe's own JSON with the instant of Stripe's clock.
The only code that imports `stripe`.
"""

from libs.stripe_gateway.account import StripeAccount, open_account
from libs.stripe_gateway.answers import Answer, Page
from libs.stripe_gateway.faults import (
    StripeFault,
    StripeMissing,
    StripeRefused,
    StripeRejected,
    StripeUnavailable,
)
from libs.stripe_gateway.listings import (
    COUPONS,
    CUSTOMERS,
    DISPUTES,
    EVENTS,
    INVOICES,
    OF_CHARGES,
    PRICES,
    PRODUCTS,
    REFUNDS,
    SUBSCRIPTIONS,
    Listing,
)
from libs.stripe_gateway.oauth import CONNECT, Grant, Platform
from libs.stripe_gateway.pace import Budget, budget_name
from libs.stripe_gateway.permissions import Findings, Permission, probed
from libs.stripe_gateway.reading import STRIPE, Patience, StripeApi

__all__ = [
    "CONNECT",
    "COUPONS",
    "CUSTOMERS",
    "DISPUTES",
    "EVENTS",
    "INVOICES",
    "OF_CHARGES",
    "PRICES",
    "PRODUCTS",
    "REFUNDS",
    "STRIPE",
    "SUBSCRIPTIONS",
    "Answer",
    "Budget",
    "Findings",
    "Grant",
    "Listing",
    "Page",
    "Patience",
    "Permission",
    "Platform",
    "StripeAccount",
    "StripeApi",
    "StripeFault",
    "StripeMissing",
    "StripeRefused",
    "StripeRejected",
    "StripeUnavailable",
    "budget_name",
    "open_account",
    "probed",
]
