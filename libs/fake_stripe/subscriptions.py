"""Subscriptions: started, cancelled, paused, resumed."""

from libs.fake_stripe import discounts
from libs.fake_stripe.calendar import DAY, period_end
from libs.fake_stripe.ending import cancel, pause
from libs.fake_stripe.invoicing import draft, finalize, period_lines
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects import subscription as build
from libs.fake_stripe.objects.discount import Holder
from libs.fake_stripe.objects.subscription import Period, Priced
from libs.fake_stripe.payments import INCOMPLETE_SECONDS, collect, outcome_of
from libs.fake_stripe.periods import start_periods, watch_boundary, watch_cancellation, watch_trial
from libs.fake_stripe.specs import CancellationSpec, ItemSpec, SubscriptionSpec
from libs.fake_stripe.world import World


def create_subscription(world: World, customer_id: str, spec: SubscriptionSpec) -> Json:
    """Start a subscription: on trial, active if it is paid at once, else incomplete."""
    customer = world.store.get("customer", customer_id)
    rates = [world.store.get("tax_rate", rate) for rate in spec.default_tax_rates]
    made = build.subscription(world.stamp("sub"), customer_id, spec, rates)
    if spec.trial_days:
        made["trial_start"] = world.now
        made["trial_end"] = world.now + spec.trial_days * DAY
    for item in spec.items:
        add_item(world, made, item)
    made["currency"] = made["items"]["data"][0]["price"]["currency"]
    made["discounts"] = [
        discounts.redeem(world, coupon, Holder(customer_id, made["id"]))["id"] for coupon in spec.coupons
    ]
    world.store.put(made)
    _bill_first_period(world, made, spec)
    with world.changing(customer, "customer.updated"):
        customer["currency"] = customer["currency"] or made["currency"]
    return made


def add_item(world: World, subscription: Json, spec: ItemSpec) -> Json:
    """Add a line; on trial its period is the trial."""
    price = world.store.get("price", spec.price)
    priced = Priced(price, world.store.get("plan", spec.price))
    end = subscription["trial_end"]
    on_trial = end is not None and end > world.now
    period = Period(world.now, end if on_trial else period_end(world.now, price))
    item = build.item(world.stamp("si"), subscription["id"], spec, priced, period)
    item["tax_rates"] = [world.store.get("tax_rate", rate) for rate in spec.tax_rates]
    holder = Holder(subscription["customer"], subscription["id"], item["id"])
    item["discounts"] = [discounts.redeem(world, coupon, holder)["id"] for coupon in spec.coupons]
    subscription["items"]["data"].append(item)
    return item


def cancel_subscription(world: World, subscription_id: str, why: CancellationSpec) -> Json:
    """End a subscription at once; raises ValueError when it has ended before."""
    ended = world.store.get("subscription", subscription_id)
    if ended["status"] in {"canceled", "incomplete_expired"}:
        raise ValueError(f"{subscription_id} has ended already: cancel one that is alive")
    cancel(world, ended, why)
    return ended


def pause_subscription(world: World, subscription_id: str) -> Json:
    """Pause at the merchant's wish (flexible billing only, since 2026-09-30)."""
    paused = world.store.get("subscription", subscription_id)
    pause(world, paused, "pause_requested")
    return paused


def resume_subscription(world: World, subscription_id: str) -> Json:
    """Resume a paused subscription: its periods begin anew and are billed at once."""
    resumed = world.store.get("subscription", subscription_id)
    with world.changing(resumed, "customer.subscription.updated"):
        resumed["status"] = "active"
        resumed["status_details"] = None
        start_periods(world, resumed)
        lines = period_lines(world, resumed, resumed["items"]["data"])
        bill = draft(world, resumed, lines, "subscription_update")
        resumed["latest_invoice"] = bill["id"]
    world.emit("customer.subscription.resumed", resumed)
    settle_now(world, bill)
    return resumed


def settle_now(world: World, bill: Json) -> None:
    """Announce, finalise and collect an invoice within the same second."""
    world.emit("invoice.created", bill)
    finalize(world, bill)
    if bill["collection_method"] == "send_invoice" and bill["amount_due"]:
        watch_sent_invoice(world, bill)
        return
    collect(world, bill)


def watch_sent_invoice(world: World, bill: Json) -> None:
    """A customer who pays does so two thirds of the way to the due date; one who doesn't is overdue."""
    if outcome_of(world, bill["customer"]) == "succeeds":
        world.timers.add(world.now + (bill["due_date"] - world.now) * 2 // 3, "retry", bill["id"])
    world.timers.add(bill["due_date"], "due", bill["id"])


def _bill_first_period(world: World, made: Json, spec: SubscriptionSpec) -> None:
    on_trial = made["trial_end"] is not None
    lines = period_lines(world, made, made["items"]["data"], trial=on_trial)
    bill = draft(world, made, lines, "subscription_create")
    made["latest_invoice"] = bill["id"]
    made["status"] = _first_status(world, spec, bill)
    world.emit("customer.subscription.created", made)
    every_discount = [*made["discounts"], *(held for item in made["items"]["data"] for held in item["discounts"])]
    discounts.announce(world, every_discount)
    settle_now(world, bill)
    watch_boundary(world, made)
    watch_cancellation(world, made)
    if on_trial:
        watch_trial(world, made)
    if made["status"] == "incomplete":
        world.timers.add(world.now + INCOMPLETE_SECONDS, "incomplete_expiry", made["id"])


def _first_status(world: World, spec: SubscriptionSpec, bill: Json) -> str:
    if spec.trial_days:
        return "trialing"
    if spec.collection_method == "send_invoice" or not bill["amount_due"]:
        return "active"
    pays = outcome_of(world, bill["customer"]) == "succeeds"
    return "active" if pays and spec.payment_behavior == "allow_incomplete" else "incomplete"
