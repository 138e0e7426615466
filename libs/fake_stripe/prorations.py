"""What a change in the middle of a period costs or gives back."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from libs.fake_stripe.amounts import round_half_up
from libs.fake_stripe.invoicing import price_amount
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.invoice import LineSource, line
from libs.fake_stripe.objects.subscription import Period
from libs.fake_stripe.world import World


@contextmanager
def prorate(world: World, subscription: Json) -> Iterator[None]:
    """Note what changes inside the block as lines that wait for the next invoice: a credit and a charge."""
    before = {item["id"]: dict(item) for item in subscription["items"]["data"]}
    yield
    if subscription["status"] != "active":
        return
    after = {item["id"]: item for item in subscription["items"]["data"]}
    for item_id in {**before, **after}:
        old, new = before.get(item_id), after.get(item_id)
        if _terms(old) == _terms(new):
            continue
        if old:
            _wait(world, subscription, old, sign=-1)
        # An item whose period begins now is billed in full, not by proration.
        if new and new["current_period_start"] != world.now:
            _wait(world, subscription, new, sign=1)


def _terms(item: Json | None) -> tuple[object, ...] | None:
    return None if item is None else (item["price"]["id"], item.get("quantity"))


def _wait(world: World, subscription: Json, item: Json, *, sign: int) -> None:
    if "quantity" not in item:
        return
    start, end = item["current_period_start"], item["current_period_end"]
    if not start < end:
        return
    share = Fraction(end - world.now, end - start)
    whole = price_amount(world, item["price"], item["quantity"])
    source = LineSource(
        subscription=subscription["id"],
        item=item,
        period=Period(world.now, end),
        amount=sign * round_half_up(share * whole),
        quantity=item["quantity"],
        description="Unused time" if sign < 0 else "Remaining time",
        invoice_item=world.ids.new("ii"),
    )
    waiting = world.prorations.setdefault(subscription["id"], [])
    waiting.append(line(world.stamp("il"), source))
