"""The invoice of a renewal that is ahead, as Stripe shows it some days before: it has no id, and is nowhere kept."""

from collections.abc import Iterator

from libs.fake_stripe.calendar import DAY, period_end
from libs.fake_stripe.invoicing import period_lines
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.invoice import InvoiceHead, invoice
from libs.fake_stripe.objects.subscription import Period
from libs.fake_stripe.periods import next_boundary
from libs.fake_stripe.totals import total_up
from libs.fake_stripe.world import World

RENEWING = frozenset({"active", "past_due"})


def announce(world: World, subscription: Json) -> None:
    """Emit `invoice.upcoming` where the merchant has asked for it and the subscription renews within those days.

    Stripe tells it of what is collected automatically only.
    """
    days, end = world.settings.upcoming_days, next_boundary(subscription)
    if days is None or subscription["status"] not in RENEWING or end - world.now > days * DAY:
        return
    ends_first = subscription["cancel_at"] is not None and subscription["cancel_at"] <= end
    if not ends_first and subscription["collection_method"] == "charge_automatically":
        world.emit("invoice.upcoming", preview(world, subscription, end))


def preview(world: World, subscription: Json, end: int) -> Json:
    """Give the invoice that would be made at `end`, without an id; nothing in the account changes."""
    lines = period_lines(world, subscription, list(_following(subscription, end)))
    head = InvoiceHead(
        customer=world.store.recall("customer", subscription["customer"]),
        subscription=subscription,
        billing_reason="upcoming",
        period=Period(world.now, end),
    )
    bill = invoice(world.stamp("upcoming_in"), head, lines)
    used = set(world.used_discounts)
    total_up(world, bill, subscription)
    world.used_discounts = used
    bill["next_payment_attempt"] = end + world.settings.draft_seconds
    del bill["id"]
    return bill


def _following(subscription: Json, end: int) -> Iterator[Json]:
    """The items that renew at `end`, each over its next period."""
    for item in subscription["items"]["data"]:
        if item["current_period_end"] == end:
            after = period_end(end, item["price"], subscription["billing_cycle_anchor"])
            yield {**item, "current_period_start": end, "current_period_end": after}
