"""The whole account at once, with nothing left out: what figures can be recomputed from."""

from libs.fake_stripe.json_types import Json, frozen_copy
from libs.fake_stripe.world import World


def snapshot(world: World) -> Json:
    """Give all objects that revenue depends on: lists uncut, tiers and coupon terms shown, discounts apart.

    Coupons and discounts that were deleted are there too: events of the past name them.
    """
    store = world.store
    return {
        "as_of": world.now,
        "customers": [frozen_copy(each) for each in store.all("customer")],
        "subscriptions": [_with_tiers(world, each) for each in store.all("subscription")],
        "coupons": [_with_terms(world, each) for each in store.all_ever("coupon")],
        "discounts": [frozen_copy(each) for each in store.all_ever("discount")],
        "invoices": [frozen_copy(each) for each in store.all("invoice")],
    }


def _with_tiers(world: World, subscription: Json) -> Json:
    shown = frozen_copy(subscription)
    for item in shown["items"]["data"]:
        if tiers := world.store.tiers.get(item["price"]["id"]):
            item["price"]["tiers"] = [frozen_copy(each) for each in tiers]
    return shown


def _with_terms(world: World, coupon: Json) -> Json:
    terms = world.store.applies_to.get(coupon["id"])
    return frozen_copy(coupon) | ({"applies_to": frozen_copy(terms)} if terms else {})
