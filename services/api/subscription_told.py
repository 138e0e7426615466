"""A subscription as lists of subscriptions show it."""

from services.api.money import money
from services.api.queries.subscriptions import SubscriptionFound


def subscription_content(found: SubscriptionFound) -> dict[str, object]:
    """What it is, what it adds, and when it renews, ends or was tried."""
    code = found.mrr_currency or found.currency
    return {
        "subscription": found.subscription,
        "customer": found.customer,
        "client": found.client,
        "status": found.status,
        "plans": list(found.plans),
        "currency": found.currency,
        "mrr": None if code is None else money(found.mrr, code),
        "counted": found.counted,
        "rule": found.rule,
        "started_at": found.started_at,
        "renews_at": found.renews_at,
        "ends_at": found.ends_at,
        "ended_at": found.ended_at,
        "canceled_at": found.canceled_at,
        "cancellation": {"reason": found.cancellation_reason, "feedback": found.cancellation_feedback},
        "trial": None
        if found.trial_began is None
        else {
            "began_at": found.trial_began,
            "ends_at": found.trial_ends,
            "ended_at": found.trial_ended,
            "converted_at": found.trial_converted,
        },
    }
