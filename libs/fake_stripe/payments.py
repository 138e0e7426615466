"""Asking for money: charges that succeed or fail, retries, and how dunning ends."""

from libs.fake_stripe.calendar import DAY
from libs.fake_stripe.customers import set_delinquent
from libs.fake_stripe.ending import cancel, pause, set_status
from libs.fake_stripe.invoicing import subscription_of
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects import payment as build
from libs.fake_stripe.objects.invoice import invoice_payment
from libs.fake_stripe.objects.payment import Decline
from libs.fake_stripe.specs import CancellationSpec
from libs.fake_stripe.world import World

NO_PAYMENT_METHOD = "no_payment_method"
# An incomplete subscription has 23 hours to be paid.
INCOMPLETE_SECONDS = 23 * 3600

_DECLINES = {
    "insufficient_funds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds.", "try_again_later"
    ),
    "generic_decline": Decline("card_declined", "generic_decline", "Your card was declined.", "try_again_later"),
    "expired_card": Decline("expired_card", "expired_card", "Your card has expired.", "confirm_card_data"),
    "lost_card": Decline("card_declined", "lost_card", "Your card was declined.", "do_not_try_again"),
    "stolen_card": Decline("card_declined", "stolen_card", "Your card was declined.", "do_not_try_again"),
}
OUTCOMES = ("succeeds", NO_PAYMENT_METHOD, *_DECLINES)


def outcome_of(world: World, customer_id: str) -> str:
    """Give how the customer's payments end now."""
    return world.payment_outcomes.get(customer_id, "succeeds")


def collect(world: World, bill: Json) -> None:
    """Try to collect an open invoice, once."""
    if bill["status"] != "open":
        return
    if bill["amount_due"] == 0:
        mark_paid(world, bill)
        return
    outcome = outcome_of(world, bill["customer"])
    if outcome == NO_PAYMENT_METHOD:
        _note_failure(world, bill)
        return
    decline = _DECLINES.get(outcome)
    # After a hard decline Stripe counts retries without trying the card.
    if decline and decline.advice == "do_not_try_again" and bill["attempt_count"]:
        _note_failure(world, bill)
        return
    _charge(world, bill, decline)


def mark_paid(world: World, bill: Json) -> None:
    """Settle an open invoice; the subscription and the customer recover with it."""
    with world.changing(bill, "invoice.updated"):
        bill["attempted"] = True
        bill["attempt_count"] += 1 if bill["amount_due"] else 0
        bill["amount_paid"] = bill["amount_due"]
        bill["amount_remaining"] = 0
        bill["auto_advance"] = False
        bill["next_payment_attempt"] = None
        bill["status"] = "paid"
        bill["status_transitions"]["paid_at"] = world.now
    world.emit("invoice.paid", bill)
    world.emit("invoice.payment_succeeded", bill)
    _settle_payment(world, bill)
    set_delinquent(world, bill["customer"], delinquent=False)
    subscription = world.store.get("subscription", subscription_of(bill))
    owing = subscription["status"] in {"incomplete", "past_due", "unpaid"}
    if owing and subscription["latest_invoice"] == bill["id"]:
        set_status(world, subscription, "active")


def void(world: World, bill: Json) -> None:
    """Void an invoice that nobody is to pay."""
    bill["status"] = "void"
    bill["auto_advance"] = False
    bill["next_payment_attempt"] = None
    bill["status_transitions"]["voided_at"] = world.now
    world.emit("invoice.voided", bill)


def mark_uncollectible(world: World, bill: Json) -> None:
    """Give an invoice up."""
    bill["status"] = "uncollectible"
    bill["auto_advance"] = False
    bill["next_payment_attempt"] = None
    bill["status_transitions"]["marked_uncollectible_at"] = world.now
    world.emit("invoice.marked_uncollectible", bill)


def refund(world: World, charge_id: str, amount: int) -> Json:
    """Give money of a charge back."""
    charge = world.store.get("charge", charge_id)
    made = world.store.put(build.refund(world.stamp("re"), charge, amount))
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount"]
    world.emit("charge.refunded", charge)
    world.emit("refund.created", made)
    return made


def _charge(world: World, bill: Json, decline: Decline | None) -> None:
    intent = _intent_of(world, bill)
    charge = world.store.put(build.charge(world.stamp("ch"), intent, decline))
    intent["latest_charge"] = charge["id"]
    if decline:
        intent["last_payment_error"] = build.last_payment_error(decline, charge["id"])
        world.emit("charge.failed", charge)
        world.emit("payment_intent.payment_failed", intent)
        _note_failure(world, bill)
        return
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    mark_paid(world, bill)


def _intent_of(world: World, bill: Json) -> Json:
    if bill["id"] in world.invoice_payments:
        settled_by = world.store.get("invoice_payment", world.invoice_payments[bill["id"]])
        return world.store.get("payment_intent", settled_by["payment"]["payment_intent"])
    intent = world.store.put(build.payment_intent(world.stamp("pi"), bill))
    payment = world.store.put(invoice_payment(world.stamp("inpay"), bill, intent["id"]))
    world.invoice_payments[bill["id"]] = payment["id"]
    world.emit("payment_intent.created", intent)
    return intent


def _settle_payment(world: World, bill: Json) -> None:
    if bill["id"] not in world.invoice_payments:
        return
    payment = world.store.get("invoice_payment", world.invoice_payments[bill["id"]])
    payment |= {"status": "paid", "amount_paid": bill["amount_paid"]}
    payment["status_transitions"]["paid_at"] = world.now
    world.emit("invoice_payment.paid", payment)


def _note_failure(world: World, bill: Json) -> None:
    subscription = world.store.get("subscription", subscription_of(bill))
    first = bill["billing_reason"] == "subscription_create"
    retries = () if first else world.settings.retry_days
    with world.changing(bill, "invoice.updated"):
        bill["attempted"] = True
        bill["attempt_count"] += 1
        left = bill["attempt_count"] <= len(retries)
        bill["next_payment_attempt"] = world.now + retries[bill["attempt_count"] - 1] * DAY if left else None
    world.emit("invoice.payment_failed", bill)
    set_delinquent(world, bill["customer"], delinquent=True)
    if left:
        world.timers.add(bill["next_payment_attempt"], "retry", bill["id"])
    if not first and subscription["status"] in {"active", "trialing"}:
        set_status(world, subscription, "past_due")
    if not first and not left and subscription["status"] == "past_due":
        _end_dunning(world, subscription)


def _end_dunning(world: World, subscription: Json) -> None:
    match world.settings.after_last_retry:
        case "cancel":
            cancel(world, subscription, CancellationSpec(reason="payment_failed"))
        case "unpaid":
            set_status(world, subscription, "unpaid")
        case "pause":
            pause(world, subscription, "final_payment_failure")
        case "past_due":
            pass
