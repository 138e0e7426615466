"""Before 2025-03-31.basil: one billing period per subscription, the first discount singular."""

from libs.fake_stripe.json_types import Json, frozen_copy
from libs.fake_stripe.rendering.clover import discount_with_coupon
from libs.fake_stripe.store import Store


def subscription(store: Store, shown: Json) -> None:
    """Move the period up from the items, show the first discount whole and the only item's plan."""
    items = shown["items"]["data"]
    shown["items"]["total_count"] = len(items)
    shown["current_period_start"] = max(item["current_period_start"] for item in items)
    shown["current_period_end"] = min(item["current_period_end"] for item in items)
    for item in items:
        del item["current_period_start"], item["current_period_end"], item["billed_until"]
    for field in ("billing_mode", "customer_account"):
        del shown[field]
    shown["discount"] = discount_with_coupon(store, shown["discounts"][0]) if shown["discounts"] else None
    shown["plan"] = frozen_copy(items[0]["plan"]) if len(items) == 1 else None
    shown["quantity"] = items[0].get("quantity") if len(items) == 1 else None


def invoice(store: Store, shown: Json) -> None:
    """Name the subscription at the top, and the price, plan and item on each line."""
    shown["subscription"] = shown.pop("parent")["subscription_details"]["subscription"]
    shown["paid"] = shown["status"] == "paid"
    shown["tax"] = sum(tax["amount"] for tax in shown.pop("total_taxes")) or None
    shown["discount"] = discount_with_coupon(store, shown["discounts"][0]) if shown["discounts"] else None
    shown["lines"]["total_count"] = len(shown["lines"]["data"])
    for line in shown["lines"]["data"]:
        _line(store, line)


def _line(store: Store, line: Json) -> None:
    details = line.pop("parent")["subscription_item_details"]
    price = line.pop("pricing")["price_details"]["price"]
    line |= {
        "invoice_item": details["invoice_item"],
        "plan": frozen_copy(store.get("plan", price)),
        "price": frozen_copy(store.get("price", price)),
        "proration": details["proration"],
        "subscription_item": details["subscription_item"],
        "tax_amounts": line.pop("taxes"),
        "type": "invoiceitem" if details["invoice_item"] else "subscription",
    }
    for field in ("quantity_decimal", "subtotal"):
        del line[field]
