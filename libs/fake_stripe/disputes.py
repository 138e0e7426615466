"""What happens to a payment that is disputed."""

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.dispute import dispute
from libs.fake_stripe.world import World


def open_dispute(world: World, charge_id: str, reason: str) -> Json:
    """Have a customer's bank take a charge back."""
    charge = world.store.get("charge", charge_id)
    charge["disputed"] = True
    made = world.store.put(dispute(world.stamp("du"), charge, reason))
    world.emit("charge.dispute.created", made)
    return made


def close_dispute(world: World, dispute_id: str, *, won: bool) -> Json:
    """Let the bank decide."""
    held = world.store.get("dispute", dispute_id)
    held["status"] = "won" if won else "lost"
    world.emit("charge.dispute.closed", held)
    return held
