"""Making and changing products, prices, coupons and tax rates."""

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects import catalog as build
from libs.fake_stripe.specs import CouponSpec, PriceSpec
from libs.fake_stripe.world import World


def create_product(world: World, name: str) -> Json:
    """Make a product."""
    product = world.store.put(build.product(world.stamp("prod"), name))
    world.emit("product.created", product)
    return product


def create_price(world: World, spec: PriceSpec) -> Json:
    """Make a price (and its plan), with a product of its own unless one is named."""
    product = spec.product or create_product(world, f"Product of {spec.nickname or 'a price'}")["id"]
    meter = world.ids.new("mtr") if spec.metered else None
    price = world.store.put(build.price(world.stamp("price"), spec, product, meter))
    if spec.tiers:
        world.store.tiers[price["id"]] = [build.tier(tier) for tier in spec.tiers]
    if spec.interval:
        world.emit("plan.created", world.store.put(build.plan(price)))
    world.emit("price.created", price)
    return price


def set_price_active(world: World, price_id: str, *, active: bool) -> Json:
    """Archive a price or bring it back; what it costs never changes."""
    price = world.store.get("price", price_id)
    if world.store.has("plan", price_id):
        plan = world.store.get("plan", price_id)
        with world.changing(plan, "plan.updated"):
            plan["active"] = active
    with world.changing(price, "price.updated"):
        price["active"] = active
    return price


def create_coupon(world: World, spec: CouponSpec) -> Json:
    """Make a coupon."""
    coupon = world.store.put(build.coupon(world.stamp("co"), spec))
    if spec.products:
        world.store.applies_to[coupon["id"]] = {"products": list(spec.products)}
    world.emit("coupon.created", coupon)
    return coupon


def delete_coupon(world: World, coupon_id: str) -> Json:
    """Delete a coupon; discounts made from it go on."""
    coupon = world.store.get("coupon", coupon_id)
    coupon["valid"] = False
    world.store.forget("coupon", coupon_id)
    world.emit("coupon.deleted", coupon)
    return coupon


def create_tax_rate(world: World, percentage: float, *, inclusive: bool) -> Json:
    """Make a tax rate."""
    rate = world.store.put(build.tax_rate(world.stamp("txr"), percentage, inclusive=inclusive))
    world.emit("tax_rate.created", rate)
    return rate
