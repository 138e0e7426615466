"""Customers: made, changed, discounted, deleted."""

from collections.abc import Mapping

from libs.fake_stripe import discounts
from libs.fake_stripe.cards import first_card
from libs.fake_stripe.ending import cancel
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.customer import customer
from libs.fake_stripe.objects.discount import Holder
from libs.fake_stripe.specs import CancellationSpec
from libs.fake_stripe.world import World

ENDED = frozenset({"canceled", "incomplete_expired"})


def create_customer(world: World, email: str | None, name: str | None) -> Json:
    """Make a customer."""
    made = world.store.put(customer(world.stamp("cus"), email, name))
    card = first_card(world, made)
    world.emit("customer.created", made)
    world.emit("payment_method.attached", card)
    return made


def update_customer(world: World, customer_id: str, fields: Mapping[str, object]) -> Json:
    """Set fields such as `email` or `metadata`; metadata is merged, a None clears its key."""
    changed = world.store.get("customer", customer_id)
    with world.changing(changed, "customer.updated"):
        for name, value in fields.items():
            if name == "metadata" and isinstance(value, Mapping):
                merged = {**changed["metadata"], **value}
                changed["metadata"] = {key: text for key, text in merged.items() if text is not None}
            else:
                changed[name] = value
    return changed


def delete_customer(world: World, customer_id: str) -> Json:
    """Delete a customer; its subscriptions end with it."""
    gone = world.store.get("customer", customer_id)
    for subscription in world.store.all_of_customer("subscription", customer_id):
        if subscription["status"] not in ENDED:
            cancel(world, subscription, CancellationSpec())
    if held := gone["discount"]:
        gone["discount"] = None
        discounts.withdraw(world, held["id"])
    world.store.forget("customer", customer_id)
    world.emit("customer.deleted", gone)
    return gone


def discount_customer(world: World, customer_id: str, coupon_id: str) -> Json:
    """Put a coupon on a customer: it reduces every subscription that has no discount of its own."""
    receiver = world.store.get("customer", customer_id)
    old = receiver["discount"]
    held = discounts.redeem(world, coupon_id, Holder(customer_id))
    with world.changing(receiver, "customer.updated"):
        receiver["discount"] = held
    if old:
        discounts.withdraw(world, old["id"])
    discounts.announce(world, [held["id"]])
    return held


def undiscount_customer(world: World, customer_id: str) -> None:
    """Take the customer's discount off; does nothing where there is none."""
    holder = world.store.get("customer", customer_id)
    if held := holder["discount"]:
        with world.changing(holder, "customer.updated"):
            holder["discount"] = None
        discounts.withdraw(world, held["id"])


def set_delinquent(world: World, customer_id: str, *, delinquent: bool) -> None:
    """Note whether the customer's latest invoice is owed."""
    if world.store.is_forgotten("customer", customer_id):
        return
    owing = world.store.get("customer", customer_id)
    with world.changing(owing, "customer.updated"):
        owing["delinquent"] = delinquent
