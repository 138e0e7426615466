"""All that is known of one Stripe customer: a fold over versions of objects, and what holds at an instant."""

from libs.domain.customer_state.folding import fold, settled_up_to, told_until
from libs.domain.customer_state.standing import subscription_at
from libs.domain.customer_state.state import EMPTY, CustomerState, KnownDiscount

__all__ = [
    "EMPTY",
    "CustomerState",
    "KnownDiscount",
    "fold",
    "settled_up_to",
    "subscription_at",
    "told_until",
]
