"""Redeeming coupons, and what becomes of discounts when they have served."""

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.discount import Holder, discount
from libs.fake_stripe.world import World


def redeem(world: World, coupon_id: str, holder: Holder) -> Json:
    """Make a discount of a coupon. The caller hangs it on its holder and announces it."""
    coupon = world.store.get("coupon", coupon_id)
    coupon["times_redeemed"] += 1
    return world.store.put(discount(world.ids.new("di"), coupon, holder, world.now))


def announce(world: World, discount_ids: list[str]) -> None:
    """Emit `customer.discount.created` for each."""
    for discount_id in discount_ids:
        world.emit("customer.discount.created", world.store.get("discount", discount_id))


def withdraw(world: World, discount_id: str) -> None:
    """Take a discount out of the account and say so; the caller takes it off its holder first."""
    held = world.store.get("discount", discount_id)
    world.store.forget("discount", discount_id)
    world.emit("customer.discount.deleted", held)


def is_in_force(world: World, discount_id: str) -> bool:
    """Whether an invoice of this second is reduced by it."""
    if not world.store.has("discount", discount_id):
        return False
    held = world.store.get("discount", discount_id)
    return discount_id not in world.used_discounts and (held["end"] is None or held["end"] > world.now)


def mark_used(world: World, discount_ids: set[str]) -> None:
    """Remember that a `once` discount has had its invoice."""
    for discount_id in discount_ids:
        if coupon_of(world, discount_id)["duration"] == "once":
            world.used_discounts.add(discount_id)


def coupon_of(world: World, discount_id: str) -> Json:
    """Give the coupon behind a discount, deleted or not."""
    held = world.store.recall("discount", discount_id)
    return world.store.recall("coupon", held["source"]["coupon"])


def drop_ended(world: World, subscription: Json) -> list[str]:
    """Take what is no longer in force off a subscription and its items, give the ids to withdraw.

    Nothing tells that a discount has expired until the renewal after it.
    """
    ended: list[str] = []
    for holder in (subscription, *subscription["items"]["data"]):
        ended += [held for held in holder["discounts"] if not is_in_force(world, held)]
        holder["discounts"] = [held for held in holder["discounts"] if is_in_force(world, held)]
    return ended
