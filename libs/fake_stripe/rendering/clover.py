"""Before 2025-09-30.clover a discount carried its coupon whole instead of a source."""

from libs.fake_stripe.json_types import Json, frozen_copy
from libs.fake_stripe.store import Store


def inline_coupon(store: Store, shown: Json) -> None:
    """Put the coupon into a discount, or into the discount of a customer."""
    discount = shown["discount"] if shown["object"] == "customer" else shown
    if discount is None or "source" not in discount:
        return
    coupon = discount.pop("source")["coupon"]
    discount["coupon"] = frozen_copy(store.recall("coupon", coupon))


def discount_with_coupon(store: Store, discount_id: str) -> Json:
    """Give a discount, gone or not, as those versions embedded it."""
    shown = frozen_copy(store.recall("discount", discount_id))
    inline_coupon(store, shown)
    return shown
