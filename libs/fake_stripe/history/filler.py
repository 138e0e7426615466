"""Operations that make one event each, to end a history on an exact count."""

from itertools import cycle, islice

from libs.fake_stripe.changes import SetQuantity
from libs.fake_stripe.engine import Engine
from libs.fake_stripe.json_types import Json


def fill_with_single_events(engine: Engine, count: int) -> None:
    """Change quantities until so many `customer.subscription.updated` have come about.

    Raises ValueError where nothing is left to change.
    """
    changeable = [(each["id"], item["id"]) for each, item in _licensed_items(engine)]
    if count and not changeable:
        raise ValueError(f"no live subscription is left to make {count} more events with: use more customers")
    for turn, (subscription, item) in enumerate(islice(cycle(changeable), count)):
        # Numbers that no earlier change has used, so that each turn differs from what was.
        engine.update_subscription(subscription, SetQuantity(item, 1_000 + turn), proration="none")


def _licensed_items(engine: Engine) -> list[tuple[Json, Json]]:
    live = [each for each in engine.world.store.all("subscription") if each["status"] in {"active", "trialing"}]
    return [(each, item) for each in live for item in each["items"]["data"][:1] if "quantity" in item]
