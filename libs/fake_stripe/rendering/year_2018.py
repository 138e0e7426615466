"""Before 2020-08-27: plans instead of prices, `billing`, `start`, `tax_percent`, lists inside customers."""

from libs.fake_stripe.json_types import Json, frozen_copy
from libs.fake_stripe.store import Store


def subscription(store: Store, shown: Json) -> None:
    """Leave plans alone on the items, with their tiers, and rename what had other names."""
    shown["billing"] = shown.pop("collection_method")
    shown["start"] = shown.pop("start_date")
    rates = shown.pop("default_tax_rates")
    shown["tax_percent"] = sum(rate["percentage"] for rate in rates) if rates else None
    for field in ("automatic_tax", "invoice_settings", "payment_settings", "pending_update"):
        del shown[field]
    for item in shown["items"]["data"]:
        del item["price"]
        plan(store, item["plan"])
    if shown["plan"]:
        plan(store, shown["plan"])


def plan(store: Store, shown: Json) -> None:
    """Show the tiers, which needed no expanding then."""
    tiers = store.tiers.get(shown["id"])
    shown["tiers"] = [frozen_copy(tier) for tier in tiers] if tiers else None
    del shown["amount_decimal"], shown["meter"]


def customer(_store: Store, shown: Json) -> None:
    """Use the name that the balance had."""
    shown["account_balance"] = shown.pop("balance")
    for field in ("business_name", "customer_account", "individual_name", "test_clock"):
        del shown[field]
