"""What happens because time passes: renewals, trial ends, retries, expiries, scheduled ends."""

from collections.abc import Callable

from libs.fake_stripe import discounts
from libs.fake_stripe.calendar import period_end
from libs.fake_stripe.ending import cancel, pause, set_status
from libs.fake_stripe.invoicing import draft, finalize, period_lines, subscription_of, usage_lines
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.payments import (
    NO_PAYMENT_METHOD,
    collect,
    mark_uncollectible,
    outcome_of,
    void,
)
from libs.fake_stripe.periods import TRIAL_NOTICE, next_boundary, watch_boundary
from libs.fake_stripe.specs import CancellationSpec
from libs.fake_stripe.subscriptions import watch_sent_invoice
from libs.fake_stripe.upcoming import announce
from libs.fake_stripe.world import World

_LIVE = frozenset({"trialing", "active", "past_due", "unpaid"})


def advance_to(world: World, second: int) -> None:
    """Move the clock, doing at its own second all that falls due on the way."""
    while advance_once(world, second):
        pass


def advance_once(world: World, second: int) -> bool:
    """Do the next thing that falls due until a second, or else move the clock there and give False."""
    timer = world.timers.pop_due(second)
    if timer is None:
        world.clock.move_to(second)
        return False
    world.clock.move_to(max(world.now, timer.at))
    _WORK[timer.kind](world, timer.object_id)
    return True


def _boundary(world: World, subscription_id: str) -> None:
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] not in _LIVE or next_boundary(subscription) > world.now:
        return
    if _ends_now(world, subscription):
        cancel(world, subscription, CancellationSpec())
    elif subscription["status"] == "trialing" and _has_no_way_to_pay(world, subscription):
        _end_unpayable_trial(world, subscription)
    else:
        _renew(world, subscription)


def _renew(world: World, subscription: Json) -> None:
    due = [item for item in subscription["items"]["data"] if item["current_period_end"] <= world.now]
    was_unpaid = subscription["status"] == "unpaid"
    with world.changing(subscription, "customer.subscription.updated"):
        ended = discounts.drop_ended(world, subscription)
        usage = usage_lines(world, subscription, due)
        for item in due:
            item["current_period_start"] = item["current_period_end"]
            anchor = subscription["billing_cycle_anchor"]
            item["current_period_end"] = period_end(item["current_period_start"], item["price"], anchor)
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
            _anchor_after_trial(world, subscription)
        lines = [*usage, *period_lines(world, subscription, due)]
        bill = draft(world, subscription, lines, "subscription_cycle")
        subscription["latest_invoice"] = bill["id"]
        bill["auto_advance"] = not was_unpaid and not _keeps_drafts(subscription)
        if bill["auto_advance"]:
            bill["automatically_finalizes_at"] = world.now + world.settings.draft_seconds
    for discount in ended:
        discounts.withdraw(world, discount)
    world.emit("invoice.created", bill)
    watch_boundary(world, subscription)
    if bill["auto_advance"]:
        world.timers.add(bill["automatically_finalizes_at"], "finalize", bill["id"])


def _anchor_after_trial(world: World, subscription: Json) -> None:
    subscription["billing_cycle_anchor"] = world.now
    for item in subscription["items"]["data"]:
        item["current_period_end"] = period_end(item["current_period_start"], item["price"])


def _finalize(world: World, invoice_id: str) -> None:
    bill = world.store.get("invoice", invoice_id)
    subscription = world.store.get("subscription", subscription_of(bill))
    if bill["status"] != "draft" or subscription["status"] not in _LIVE:
        return
    finalize(world, bill)
    match subscription["pause_collection"]:
        case {"behavior": "void"}:
            void(world, bill)
        case {"behavior": "mark_uncollectible"}:
            mark_uncollectible(world, bill)
        case _ if bill["collection_method"] == "send_invoice" and bill["amount_due"]:
            watch_sent_invoice(world, bill)
        case _:
            collect(world, bill)


def _retry(world: World, invoice_id: str) -> None:
    bill = world.store.get("invoice", invoice_id)
    subscription = world.store.get("subscription", subscription_of(bill))
    if subscription["status"] in _LIVE:
        collect(world, bill)


def _due(world: World, invoice_id: str) -> None:
    bill = world.store.get("invoice", invoice_id)
    subscription = world.store.get("subscription", subscription_of(bill))
    if bill["status"] != "open" or subscription["status"] not in _LIVE:
        return
    world.emit("invoice.overdue", bill)
    if subscription["status"] == "active":
        set_status(world, subscription, "past_due")


def _cancellation(world: World, subscription_id: str) -> None:
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] in {*_LIVE, "paused"} and _ends_now(world, subscription):
        cancel(world, subscription, CancellationSpec())


def _trial_notice(world: World, subscription_id: str) -> None:
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] == "trialing" and subscription["trial_end"] - world.now <= TRIAL_NOTICE:
        world.emit("customer.subscription.trial_will_end", subscription)


def _upcoming(world: World, subscription_id: str) -> None:
    announce(world, world.store.get("subscription", subscription_id))


def _incomplete_expiry(world: World, subscription_id: str) -> None:
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] != "incomplete":
        return
    with world.changing(subscription, "customer.subscription.updated"):
        subscription["status"] = "incomplete_expired"
        subscription["ended_at"] = world.now
    void(world, world.store.get("invoice", subscription["latest_invoice"]))


def _resume_collection(world: World, subscription_id: str) -> None:
    subscription = world.store.get("subscription", subscription_id)
    paused = subscription["pause_collection"]
    if subscription["status"] not in _LIVE or not paused or (paused["resumes_at"] or 0) > world.now:
        return
    with world.changing(subscription, "customer.subscription.updated"):
        subscription["pause_collection"] = None


def _ends_now(world: World, subscription: Json) -> bool:
    return subscription["cancel_at"] is not None and subscription["cancel_at"] <= world.now


def _keeps_drafts(subscription: Json) -> bool:
    paused = subscription["pause_collection"]
    return bool(paused) and paused["behavior"] == "keep_as_draft"


def _has_no_way_to_pay(world: World, subscription: Json) -> bool:
    return outcome_of(world, subscription["customer"]) == NO_PAYMENT_METHOD


def _end_unpayable_trial(world: World, subscription: Json) -> None:
    match subscription["trial_settings"]["end_behavior"]["missing_payment_method"]:
        case "cancel":
            cancel(world, subscription, CancellationSpec())
        case "pause":
            pause(world, subscription, "trial_end_without_payment_method")
        case _:
            _renew(world, subscription)


_WORK: dict[str, Callable[[World, str], None]] = {
    "boundary": _boundary,
    "finalize": _finalize,
    "retry": _retry,
    "due": _due,
    "cancellation": _cancellation,
    "trial_notice": _trial_notice,
    "upcoming": _upcoming,
    "incomplete_expiry": _incomplete_expiry,
    "resume_collection": _resume_collection,
}
