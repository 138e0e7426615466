"""Invoices from draft to final."""

from collections.abc import Iterable

from libs.fake_stripe.amounts import line_amount
from libs.fake_stripe.calendar import DAY
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.invoice import InvoiceHead, LineSource, invoice, line
from libs.fake_stripe.objects.subscription import Period
from libs.fake_stripe.totals import total_up
from libs.fake_stripe.world import World


def draft(world: World, subscription: Json, lines: list[Json], billing_reason: str) -> Json:
    """Make a draft invoice of lines and of all prorations that waited for one; announce it yourself."""
    waiting = world.prorations.pop(subscription["id"], [])
    every = [*waiting, *lines]
    head = InvoiceHead(
        customer=world.store.recall("customer", subscription["customer"]),
        subscription=subscription,
        billing_reason=billing_reason,
        period=Period(subscription["start_date"], world.now),
    )
    bill = world.store.put(invoice(world.stamp("in"), head, every))
    for each in every:
        each["invoice"] = bill["id"]
    total_up(world, bill, subscription)
    return bill


def period_lines(world: World, subscription: Json, items: Iterable[Json], *, trial: bool = False) -> list[Json]:
    """Make one line for each licensed item over its current period, free within a trial."""
    return [
        _line(world, subscription, item, trial=trial)
        for item in items
        if item["price"]["recurring"]["usage_type"] == "licensed"
    ]


def usage_lines(world: World, subscription: Json, items: Iterable[Json]) -> list[Json]:
    """Make one line for each metered item over the period that has just ended."""
    return [
        line(
            world.stamp("il"),
            LineSource(
                subscription=subscription["id"],
                item=item,
                period=Period(item["current_period_start"], item["current_period_end"]),
                amount=price_amount(world, item["price"], world.usage.pop(item["id"], 0)),
                quantity=0,
                description="Metered usage",
            ),
        )
        for item in items
        if item["price"]["recurring"]["usage_type"] == "metered"
    ]


def price_amount(world: World, price: Json, quantity: int) -> int:
    """Give what so many units of a price cost."""
    return line_amount(price, world.store.tiers.get(price["id"], []), quantity)


def finalize(world: World, bill: Json) -> None:
    """Turn a draft into an open invoice with a number; credit goes to the customer's balance."""
    customer = bill["customer"]
    world.invoice_numbers[customer] += 1
    bill["number"] = f"{customer[-8:].upper()}-{world.invoice_numbers[customer]:04}"
    bill["status"] = "open"
    bill["effective_at"] = bill["status_transitions"]["finalized_at"] = world.now
    bill["automatically_finalizes_at"] = None
    bill["ending_balance"] = min(0, bill["total"] + bill["starting_balance"])
    bill["hosted_invoice_url"] = f"https://invoice.example.com/{bill['id']}"
    bill["invoice_pdf"] = f"https://invoice.example.com/{bill['id']}.pdf"
    if bill["collection_method"] == "send_invoice":
        days = world.store.get("subscription", subscription_of(bill))["days_until_due"] or 30
        bill["due_date"] = world.now + days * DAY
    world.emit("invoice.finalized", bill)
    _keep_balance(world, bill)


def subscription_of(bill: Json) -> str:
    """Give the id of the subscription that an invoice bills."""
    subscription: str = bill["parent"]["subscription_details"]["subscription"]
    return subscription


def _line(world: World, subscription: Json, item: Json, *, trial: bool) -> Json:
    quantity = item["quantity"]
    source = LineSource(
        subscription=subscription["id"],
        item=item,
        period=Period(item["current_period_start"], item["current_period_end"]),
        amount=0 if trial else price_amount(world, item["price"], quantity),
        quantity=quantity,
        description="Trial period" if trial else f"{quantity} × subscription",
    )
    return line(world.stamp("il"), source)


def _keep_balance(world: World, bill: Json) -> None:
    if world.store.is_forgotten("customer", bill["customer"]):
        return
    customer = world.store.get("customer", bill["customer"])
    with world.changing(customer, "customer.updated"):
        customer["balance"] = bill["ending_balance"]
