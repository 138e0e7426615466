"""What customers do in a played history."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from libs.fake_stripe import changes
from libs.fake_stripe.calendar import DAY
from libs.fake_stripe.engine import Engine
from libs.fake_stripe.history.catalogue import CURRENCIES, Shelf
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.payments import NO_PAYMENT_METHOD
from libs.fake_stripe.specs import CancellationSpec, Feedback, ItemSpec, SubscriptionSpec
from libs.fake_stripe.updates import Proration

_FEEDBACK: tuple[Feedback, ...] = ("too_expensive", "missing_features", "unused", "switched_service", "other")
_FAILURES = ("insufficient_funds", "generic_decline", "expired_card", "lost_card", NO_PAYMENT_METHOD)
_PRORATIONS: tuple[Proration, ...] = ("create_prorations", "always_invoice", "none")
_OVER = frozenset({"canceled", "incomplete_expired"})


@dataclass(slots=True)
class Player:
    """One customer with its own dice, buying in one currency."""

    customer: str
    shelf: Shelf
    dice: Random
    gone: bool = False


Action = Callable[[Engine, Player, Json], None]


def arrive(engine: Engine, dice: Random, shelves: Mapping[str, Shelf]) -> Player:
    """Make a customer who subscribes at once."""
    number = dice.randrange(10**9)
    made = engine.create_customer(f"billing-{number}@customer-{number % 997}.example", f"Customer {number}")
    currency = dice.choices(CURRENCIES, weights=(6, 3, 1, 1))[0]
    player = Player(made["id"], shelves[currency], dice)
    if dice.random() < 0.06:
        engine.set_payment_outcome(made["id"], dice.choice(_FAILURES))
    subscribe(engine, player)
    return player


def act(engine: Engine, player: Player) -> None:
    """Let a customer do one thing that makes sense in its present state."""
    if player.gone:
        return
    alive = [
        each
        for each in engine.world.store.all_of_customer("subscription", player.customer)
        if each["status"] not in _OVER
    ]
    if not alive:
        if player.dice.random() < 0.5:
            engine.set_payment_outcome(player.customer, "succeeds")
            subscribe(engine, player)
        return
    chosen = player.dice.choice(alive)
    actions = _possible(engine, player, chosen)
    action = player.dice.choices([each for each, _ in actions], [weight for _, weight in actions])[0]
    action(engine, player, chosen)


def subscribe(engine: Engine, player: Player) -> None:
    """Start a subscription of one to a few items, rarely of more than an event shows."""
    dice = player.dice
    count = dice.choices((1, 2, 3, 12), weights=(70, 18, 10, 2))[0]
    prices = dice.sample(player.shelf.licensed, count)
    items = [ItemSpec(price, dice.choice((1, 1, 1, 2, 5, 7, 23))) for price in prices]
    if dice.random() < 0.08:
        items.append(ItemSpec(dice.choice(player.shelf.metered), None))
    if dice.random() < 0.05:
        items[0] = ItemSpec(items[0].price, items[0].quantity, (dice.choice(player.shelf.coupons),))
    spec = SubscriptionSpec(
        items=tuple(items),
        coupons=tuple(dice.sample(player.shelf.coupons, dice.choices((0, 1, 2), weights=(75, 20, 5))[0])),
        trial_days=dice.choice((7, 14, 30)) if dice.random() < 0.35 else None,
        collection_method="send_invoice" if dice.random() < 0.07 else "charge_automatically",
        payment_behavior=dice.choice(("allow_incomplete", "default_incomplete")),
        trial_end_without_payment_method=dice.choice(("cancel", "create_invoice", "pause")),
    )
    engine.create_subscription(player.customer, spec)


def _possible(engine: Engine, player: Player, chosen: Json) -> Sequence[tuple[Action, float]]:
    """Give the actions that the subscription's state allows, with weights."""
    always: list[tuple[Action, float]] = [(_rename, 2), (_subscribe_again, 3), (_delete_customer, 1)]
    if chosen["status"] == "paused":
        return [*always, (_resume, 20), (_cancel, 3)]
    if chosen["status"] == "incomplete":
        return [*always, (_repair_card, 10)]
    broken = engine.world.payment_outcomes.get(player.customer, "succeeds") != "succeeds"
    scheduled = chosen["cancel_at"] is not None
    return [
        *always,
        (_repair_card, 25) if broken else (_break_card, 4),
        (_withdraw_cancellation, 12) if scheduled else (_schedule_cancellation, 5),
        (_resume_collection, 12) if chosen["pause_collection"] else (_pause_collection, 3),
        (_end_trial, 8) if chosen["status"] == "trialing" else (_pause, 1),
        (_swap_price, 14),
        (_set_quantity, 14),
        (_add_item, 5),
        (_remove_item, 4 if len(chosen["items"]["data"]) > 1 else 0),
        (_add_discount, 6),
        (_remove_discount, 5 if chosen["discounts"] else 0),
        (_update_twice, 5),
        (_update_and_cancel, 2),
        (_cancel, 3),
        (_change_customer_discount, 3),
        (_use_meter, 4),
        (_refund, 2),
    ]


def _rename(engine: Engine, player: Player, _chosen: Json) -> None:
    engine.update_customer(player.customer, email=f"new-{player.dice.randrange(10**9)}@customer.example")


def _subscribe_again(engine: Engine, player: Player, _chosen: Json) -> None:
    subscribe(engine, player)


def _delete_customer(engine: Engine, player: Player, _chosen: Json) -> None:
    engine.delete_customer(player.customer)
    player.gone = True


def _cancel(engine: Engine, player: Player, chosen: Json) -> None:
    why = CancellationSpec(feedback=player.dice.choice(_FEEDBACK), comment="Left at once")
    engine.cancel_subscription(chosen["id"], why)


def _pause(engine: Engine, _player: Player, chosen: Json) -> None:
    engine.pause_subscription(chosen["id"])


def _resume(engine: Engine, _player: Player, chosen: Json) -> None:
    engine.resume_subscription(chosen["id"])


def _break_card(engine: Engine, player: Player, _chosen: Json) -> None:
    engine.set_payment_outcome(player.customer, player.dice.choice(_FAILURES))


def _repair_card(engine: Engine, player: Player, chosen: Json) -> None:
    engine.set_payment_outcome(player.customer, "succeeds")
    if chosen["status"] != "trialing" and player.dice.random() < 0.7:
        engine.pay_invoice(chosen["latest_invoice"])


def _schedule_cancellation(engine: Engine, player: Player, chosen: Json) -> None:
    at = engine.world.now + player.dice.randint(1, 60) * DAY if player.dice.random() < 0.3 else None
    why = CancellationSpec(feedback=player.dice.choice(_FEEDBACK), comment="Leaving")
    engine.update_subscription(chosen["id"], changes.ScheduleCancellation(at, why))


def _withdraw_cancellation(engine: Engine, _player: Player, chosen: Json) -> None:
    engine.update_subscription(chosen["id"], changes.WithdrawCancellation())


def _pause_collection(engine: Engine, player: Player, chosen: Json) -> None:
    behaviors: tuple[changes.PauseCollection, ...] = (
        changes.PauseCollection("void"),
        changes.PauseCollection("keep_as_draft"),
        changes.PauseCollection("mark_uncollectible", engine.world.now + 45 * DAY),
    )
    engine.update_subscription(chosen["id"], player.dice.choice(behaviors))


def _resume_collection(engine: Engine, _player: Player, chosen: Json) -> None:
    engine.update_subscription(chosen["id"], changes.ResumeCollection())


def _end_trial(engine: Engine, _player: Player, chosen: Json) -> None:
    engine.update_subscription(chosen["id"], changes.EndTrial())


def _swap_price(engine: Engine, player: Player, chosen: Json) -> None:
    unused = _unused_prices(player, chosen)
    item = player.dice.choice(chosen["items"]["data"])
    if unused and "quantity" in item:
        engine.update_subscription(chosen["id"], changes.SwapPrice(item["id"], player.dice.choice(unused)))


def _set_quantity(engine: Engine, player: Player, chosen: Json) -> None:
    licensed = [item for item in chosen["items"]["data"] if "quantity" in item]
    item = player.dice.choice(licensed)
    quantity = max(0, item["quantity"] + player.dice.choice((-3, -1, 1, 2, 10)))
    proration = player.dice.choice(_PRORATIONS)
    engine.update_subscription(chosen["id"], changes.SetQuantity(item["id"], quantity), proration=proration)


def _add_item(engine: Engine, player: Player, chosen: Json) -> None:
    unused = _unused_prices(player, chosen)
    if unused:
        spec = ItemSpec(player.dice.choice(unused), player.dice.randint(1, 4))
        engine.update_subscription(chosen["id"], changes.AddItem(spec))


def _remove_item(engine: Engine, player: Player, chosen: Json) -> None:
    licensed = [item for item in chosen["items"]["data"] if "quantity" in item]
    if len(licensed) > 1:
        engine.update_subscription(chosen["id"], changes.RemoveItem(player.dice.choice(licensed)["id"]))


def _add_discount(engine: Engine, player: Player, chosen: Json) -> None:
    on_item = player.dice.choice(chosen["items"]["data"])["id"] if player.dice.random() < 0.25 else None
    coupon = player.dice.choice(player.shelf.coupons)
    engine.update_subscription(chosen["id"], changes.AddDiscount(coupon, on_item))


def _remove_discount(engine: Engine, player: Player, chosen: Json) -> None:
    engine.update_subscription(chosen["id"], changes.RemoveDiscount(player.dice.choice(chosen["discounts"])))


def _update_twice(engine: Engine, player: Player, chosen: Json) -> None:
    """Two calls within one second: only their previous_attributes tell which came first."""
    licensed = [item for item in chosen["items"]["data"] if "quantity" in item]
    item = player.dice.choice(licensed)
    quantity = item["quantity"]
    # Never back to where it was: a circle of two would leave even the attributes without an order.
    for more in (1, 3):
        engine.update_subscription(chosen["id"], changes.SetQuantity(item["id"], quantity + more), proration="none")


def _update_and_cancel(engine: Engine, player: Player, chosen: Json) -> None:
    _set_quantity(engine, player, chosen)
    _cancel(engine, player, chosen)


def _change_customer_discount(engine: Engine, player: Player, _chosen: Json) -> None:
    if engine.world.store.get("customer", player.customer)["discount"]:
        engine.undiscount_customer(player.customer)
    else:
        engine.discount_customer(player.customer, player.dice.choice(player.shelf.coupons))


def _use_meter(engine: Engine, player: Player, chosen: Json) -> None:
    for item in chosen["items"]["data"]:
        if "quantity" not in item:
            engine.record_usage(item["id"], player.dice.randint(1, 500))


def _refund(engine: Engine, player: Player, _chosen: Json) -> None:
    charges = [
        each
        for each in engine.world.store.all_of_customer("charge", player.customer)
        if each["paid"] and not each["refunded"]
    ]
    if charges:
        charge = player.dice.choice(charges)
        engine.refund(charge["id"], charge["amount"] - charge["amount_refunded"])


def _unused_prices(player: Player, chosen: Json) -> list[str]:
    used = {item["price"]["id"] for item in chosen["items"]["data"]}
    return [price for price in player.shelf.licensed if price not in used]
