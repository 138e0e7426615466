"""Before 2022-11-15: discounts neither several nor on items, no details of a cancellation."""

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.store import Store


def subscription(_store: Store, shown: Json) -> None:
    """Take away what came later."""
    for field in ("cancellation_details", "currency", "discounts", "trial_settings"):
        del shown[field]
    for item in shown["items"]["data"]:
        del item["discounts"]
