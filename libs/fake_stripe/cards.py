"""What customers pay with: cards that are given, renewed by their bank, and taken away."""

from datetime import UTC, datetime

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.objects.card import card_method, fraud_warning
from libs.fake_stripe.world import World

_GOOD_FOR_YEARS = 4


def first_card(world: World, customer: Json) -> Json:
    """Let a customer that is being made come with a card that is good for years."""
    year = datetime.fromtimestamp(world.now, UTC).year + _GOOD_FOR_YEARS
    method = world.store.put(card_method(world.stamp("pm"), customer["id"], 12, year))
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    return method


def give_card(world: World, customer_id: str, exp_month: int, exp_year: int) -> Json:
    """Have a customer give a card, which pays from now on."""
    method = world.store.put(card_method(world.stamp("pm"), customer_id, exp_month, exp_year))
    world.emit("payment_method.attached", method)
    _set_default(world, customer_id, method["id"])
    return method


def renew_card(world: World, method_id: str, exp_month: int, exp_year: int) -> Json:
    """Have the bank renew a card; Stripe learns of it by itself."""
    method = world.store.get("payment_method", method_id)
    with world.changing(method, "payment_method.automatically_updated"):
        method["card"] |= {"exp_month": exp_month, "exp_year": exp_year}
    return method


def take_card(world: World, customer_id: str) -> None:
    """Take away the card that pays; does nothing where there is none."""
    holder = world.store.get("customer", customer_id)
    name = holder["invoice_settings"]["default_payment_method"]
    if name is None:
        return
    method = world.store.get("payment_method", name)
    with world.changing(method, "payment_method.detached"):
        method["customer"] = None
    _set_default(world, customer_id, None)


def warn_of_fraud(world: World, charge_id: str) -> Json:
    """Have the card network warn that a charge may be disputed."""
    charge = world.store.get("charge", charge_id)
    warning = world.store.put(fraud_warning(world.stamp("issfr"), charge))
    world.emit("radar.early_fraud_warning.created", warning)
    return warning


def settle_warning(world: World, warning_id: str) -> Json:
    """The charge was refunded or disputed: nothing is left to do about the warning."""
    warning = world.store.get("radar.early_fraud_warning", warning_id)
    with world.changing(warning, "radar.early_fraud_warning.updated"):
        warning["actionable"] = False
    return warning


def _set_default(world: World, customer_id: str, method_id: str | None) -> None:
    if world.store.is_forgotten("customer", customer_id):
        return
    holder = world.store.get("customer", customer_id)
    with world.changing(holder, "customer.updated"):
        holder["invoice_settings"] = {**holder["invoice_settings"], "default_payment_method": method_id}
