"""When a subscription's items are next billed, and the timers that make it happen."""

from libs.fake_stripe.calendar import DAY, period_end
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.world import World

TRIAL_NOTICE = 3 * DAY


def next_boundary(subscription: Json) -> int:
    """Give the earliest end of an item's period."""
    ends: list[int] = [item["current_period_end"] for item in subscription["items"]["data"]]
    return min(ends)


def start_periods(world: World, subscription: Json) -> None:
    """Let every item's period begin now, on a new anchor."""
    subscription["billing_cycle_anchor"] = world.now
    for item in subscription["items"]["data"]:
        start_period(world, item)
    watch_boundary(world, subscription)


def start_period(world: World, item: Json) -> None:
    """Let one item's period begin now."""
    item["current_period_start"] = world.now
    item["current_period_end"] = period_end(world.now, item["price"])


def watch_boundary(world: World, subscription: Json) -> None:
    """Set the timer of the next renewal (or trial end), and of the notice before it."""
    boundary, notice = next_boundary(subscription), world.settings.upcoming_days
    world.timers.add(boundary, "boundary", subscription["id"])
    if notice is not None and boundary > world.now:
        world.timers.add(max(world.now, boundary - notice * DAY), "upcoming", subscription["id"])


def watch_trial(world: World, subscription: Json) -> None:
    """Set the timer of the notice that comes three days before a trial ends, or at once."""
    notice = max(world.now, subscription["trial_end"] - TRIAL_NOTICE)
    world.timers.add(notice, "trial_notice", subscription["id"])


def watch_cancellation(world: World, subscription: Json) -> None:
    """Set the timer of a scheduled end, if there is one."""
    if subscription["cancel_at"] is not None:
        world.timers.add(subscription["cancel_at"], "cancellation", subscription["id"])
