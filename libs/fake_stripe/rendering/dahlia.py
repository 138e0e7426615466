"""Before 2026-09-30.endive: no reason for a pause, no own feedback options."""

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.store import Store


def subscription(_store: Store, shown: Json) -> None:
    """Take away what endive brought."""
    for field in ("billing_schedules", "managed_payments", "status_details"):
        del shown[field]
    shown["cancellation_details"].pop("feedback_option", None)
    shown["trial_settings"]["end_behavior"].pop("billing_cycle_anchor", None)
