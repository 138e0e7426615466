"""Discounts: a coupon redeemed by a customer, a subscription or an item."""

from dataclasses import dataclass

from libs.fake_stripe.calendar import add_interval
from libs.fake_stripe.json_types import Json


@dataclass(frozen=True, slots=True)
class Holder:
    """Who redeems."""

    customer: str
    subscription: str | None = None
    item: str | None = None


def discount(discount_id: str, coupon: Json, holder: Holder, start: int) -> Json:
    """Build a discount that starts now; a repeating one ends so many months later."""
    months = coupon["duration_in_months"]
    return {
        "id": discount_id,
        "object": "discount",
        "checkout_session": None,
        "customer": holder.customer,
        "customer_account": None,
        "end": add_interval(start, "month", months) if months else None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": start,
        "subscription": holder.subscription,
        "subscription_item": holder.item,
    }
