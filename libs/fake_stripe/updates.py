"""Changing a subscription: one call, several changes, one event."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, assert_never

from libs.fake_stripe import changes, discounts
from libs.fake_stripe.calendar import period_end
from libs.fake_stripe.invoicing import draft, period_lines
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.discount import Holder
from libs.fake_stripe.objects.subscription import no_cancellation
from libs.fake_stripe.periods import start_period, start_periods, watch_boundary, watch_cancellation
from libs.fake_stripe.prorations import prorate
from libs.fake_stripe.subscriptions import add_item, settle_now
from libs.fake_stripe.world import World

Proration = Literal["create_prorations", "always_invoice", "none"]


@dataclass(slots=True)
class _Consequences:
    """What a call leads to beside the changed subscription."""

    redeemed: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    restarted: list[Json] = field(default_factory=list)


def update_subscription(
    world: World, subscription_id: str, wanted: Sequence[changes.Change], proration: Proration
) -> Json:
    """Apply changes in order; raises ValueError where one makes no sense."""
    updated = world.store.get("subscription", subscription_id)
    if updated["status"] in {"canceled", "incomplete_expired"}:
        raise ValueError(f"{subscription_id} has ended: only a live subscription can be updated")
    after = _Consequences()
    bill: Json | None = None
    with world.changing(updated, "customer.subscription.updated"):
        for change in wanted:
            if proration != "none":
                with prorate(world, updated):
                    _apply(world, updated, change, after)
            else:
                _apply(world, updated, change, after)
        if updated["status"] == "active" and (after.restarted or proration == "always_invoice"):
            bill = draft(world, updated, period_lines(world, updated, after.restarted), "subscription_update")
            updated["latest_invoice"] = bill["id"]
    for discount in after.withdrawn:
        discounts.withdraw(world, discount)
    discounts.announce(world, after.redeemed)
    watch_boundary(world, updated)
    if bill:
        settle_now(world, bill)
    return updated


def find_item(subscription: Json, item_id: str) -> Json:
    """Give the item of a subscription; raises ValueError where it has none such."""
    for item in subscription["items"]["data"]:
        if item["id"] == item_id:
            found: Json = item
            return found
    raise ValueError(f"{subscription['id']} has no item {item_id}: it has {_item_ids(subscription)}")


def _apply(  # noqa: C901, PLR0912 - one arm per kind of change
    world: World, updated: Json, change: changes.Change, after: _Consequences
) -> None:
    match change:
        case changes.SwapPrice():
            _swap_price(world, updated, change, after)
        case changes.SetQuantity(item, quantity):
            find_item(updated, item)["quantity"] = quantity
        case changes.AddItem(spec):
            added = add_item(world, updated, spec)
            after.redeemed += added["discounts"]
            if updated["status"] != "trialing":
                _join_period(updated, added)
        case changes.RemoveItem(item):
            _remove_item(updated, item, after)
        case changes.AddDiscount():
            _add_discount(world, updated, change, after)
        case changes.RemoveDiscount(discount):
            _remove_discount(updated, discount)
            after.withdrawn.append(discount)
        case changes.ScheduleCancellation():
            _schedule_cancellation(world, updated, change)
        case changes.WithdrawCancellation():
            updated |= {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}
            updated["cancellation_details"] = no_cancellation()
        case changes.PauseCollection(behavior, resumes_at):
            updated["pause_collection"] = {"behavior": behavior, "resumes_at": resumes_at}
            if resumes_at is not None:
                world.timers.add(resumes_at, "resume_collection", updated["id"])
        case changes.ResumeCollection():
            updated["pause_collection"] = None
        case changes.EndTrial():
            _end_trial(world, updated, after)
        case changes.SetMetadata(key, value):
            merged = {**updated["metadata"], key: value}
            updated["metadata"] = {name: text for name, text in merged.items() if text is not None}
        case _:
            assert_never(change)


def _swap_price(world: World, updated: Json, change: changes.SwapPrice, after: _Consequences) -> None:
    item = find_item(updated, change.item)
    old = item["price"]
    item["price"] = world.store.get("price", change.price)
    item["plan"] = world.store.get("plan", change.price)
    quantity = change.quantity if change.quantity is not None else item.get("quantity") or 1
    item.pop("quantity", None)
    if item["price"]["recurring"]["usage_type"] == "licensed":
        item["quantity"] = quantity
    same_rhythm = _rhythm(old) == _rhythm(item["price"])
    if updated["status"] == "trialing" or same_rhythm:
        return
    start_period(world, item)
    after.restarted.append(item)
    if len(updated["items"]["data"]) == 1:
        updated["billing_cycle_anchor"] = world.now


def _join_period(updated: Json, added: Json) -> None:
    """An added item runs along with one of the same rhythm, so that both are billed together."""
    for item in updated["items"]["data"]:
        if item is not added and _rhythm(item["price"]) == _rhythm(added["price"]):
            added["current_period_start"] = item["current_period_start"]
            added["current_period_end"] = item["current_period_end"]
            return
    added["current_period_end"] = period_end(added["current_period_start"], added["price"])


def _remove_item(updated: Json, item_id: str, after: _Consequences) -> None:
    item = find_item(updated, item_id)
    if len(updated["items"]["data"]) == 1:
        raise ValueError(f"{item_id} is the only item of {updated['id']}: cancel the subscription instead")
    updated["items"]["data"].remove(item)
    after.withdrawn += item["discounts"]
    after.restarted = [left for left in after.restarted if left is not item]


def _add_discount(world: World, updated: Json, change: changes.AddDiscount, after: _Consequences) -> None:
    target = find_item(updated, change.item) if change.item else updated
    holder = Holder(updated["customer"], updated["id"], change.item)
    held = discounts.redeem(world, change.coupon, holder)["id"]
    target["discounts"] = [*target["discounts"], held]
    after.redeemed.append(held)


def _remove_discount(updated: Json, discount: str) -> None:
    for holder in (updated, *updated["items"]["data"]):
        if discount in holder["discounts"]:
            holder["discounts"] = [held for held in holder["discounts"] if held != discount]
            return
    raise ValueError(f"{updated['id']} holds no discount {discount}: remove one that it holds")


def _schedule_cancellation(world: World, updated: Json, change: changes.ScheduleCancellation) -> None:
    ends = {item["current_period_end"] for item in updated["items"]["data"]}
    # Items of different rhythm have no common period end: Stripe asks for a date, the last of theirs.
    updated["cancel_at_period_end"] = change.at is None and len(ends) == 1
    updated["cancel_at"] = change.at if change.at is not None else max(ends)
    updated["canceled_at"] = world.now
    why = change.why
    updated["cancellation_details"] |= {"reason": why.reason, "feedback": why.feedback, "comment": why.comment}
    watch_cancellation(world, updated)


def _end_trial(world: World, updated: Json, after: _Consequences) -> None:
    if updated["status"] != "trialing":
        raise ValueError(f"{updated['id']} is {updated['status']}: only a trial can be ended")
    updated["trial_end"] = world.now
    updated["status"] = "active"
    start_periods(world, updated)
    after.restarted += updated["items"]["data"]


def _rhythm(price: Json) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _item_ids(subscription: Json) -> str:
    return ", ".join(item["id"] for item in subscription["items"]["data"])
