"""How a subscription stops: for good, or in the status paused."""

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.specs import CancellationSpec
from libs.fake_stripe.world import World


def cancel(world: World, subscription: Json, why: CancellationSpec) -> None:
    """End a subscription now. A cancellation asked for earlier keeps its time and its reason."""
    subscription["status"] = "canceled"
    subscription["canceled_at"] = subscription["canceled_at"] or world.now
    subscription["ended_at"] = world.now
    subscription["status_details"] = None
    details = subscription["cancellation_details"]
    if details["reason"] is None:
        details |= {"reason": why.reason, "feedback": why.feedback, "comment": why.comment}
    world.emit("customer.subscription.deleted", subscription)


def pause(world: World, subscription: Json, cause: str) -> None:
    """Move to the status paused: nothing is invoiced until it is resumed."""
    with world.changing(subscription, "customer.subscription.updated"):
        subscription["status"] = "paused"
        subscription["status_details"] = {
            "paused": {
                "subscription": {"type": cause},
                "transitioned_at": world.now,
                "type": "subscription",
            }
        }
    world.emit("customer.subscription.paused", subscription)


def set_status(world: World, subscription: Json, status: str) -> None:
    """Change the status alone."""
    with world.changing(subscription, "customer.subscription.updated"):
        subscription["status"] = status
