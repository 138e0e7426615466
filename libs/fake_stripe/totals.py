"""What an invoice comes to: discounts by line, then tax, then the customer's balance."""

from collections.abc import Sequence
from fractions import Fraction

from libs.fake_stripe.amounts import round_half_up
from libs.fake_stripe.discounts import coupon_of, is_in_force, mark_used
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.world import World


def total_up(world: World, bill: Json, subscription: Json) -> None:
    """Fill in discounts, taxes and totals of a draft; uses up the `once` discounts that it applied."""
    lines = bill["lines"]["data"]
    bill["discounts"] = _invoice_level(world, subscription)
    applied = _discount(world, lines, bill["discounts"])
    taxes = _tax(lines, subscription)
    subtotal = sum(line["amount"] for line in lines)
    reduction = sum(applied.values())
    exclusive = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    every_tax = sum(tax["amount"] for tax in taxes)
    total = subtotal - reduction + exclusive
    bill["subtotal"] = subtotal
    bill["subtotal_excluding_tax"] = subtotal - (every_tax - exclusive)
    bill["total"] = total
    bill["total_excluding_tax"] = total - every_tax
    bill["total_taxes"] = taxes
    bill["total_discount_amounts"] = [{"amount": cut, "discount": held} for held, cut in applied.items()]
    bill["total_pretax_credit_amounts"] = [_pretax(held, cut) for held, cut in applied.items()]
    bill["amount_due"] = bill["amount_remaining"] = max(0, total + bill["starting_balance"])
    mark_used(world, {held for held, cut in applied.items() if cut})


def _invoice_level(world: World, subscription: Json) -> list[str]:
    own = [held for held in subscription["discounts"] if is_in_force(world, held)]
    if own or subscription["discounts"]:
        return own
    if world.store.is_forgotten("customer", subscription["customer"]):
        return []
    held = world.store.get("customer", subscription["customer"])["discount"]
    return [held["id"]] if held and is_in_force(world, held["id"]) else []


def _discount(world: World, lines: Sequence[Json], invoice_level: Sequence[str]) -> dict[str, int]:
    """Apply item discounts, then the invoice's; give the reduction by discount."""
    applied: dict[str, int] = {}
    for line in lines:
        line["discounts"] = [held for held in line["discounts"] if is_in_force(world, held)]
        for held in line["discounts"]:
            applied[held] = applied.get(held, 0) + _reduce(world, [line], held)
    for held in invoice_level:
        applied[held] = _reduce(world, lines, held)
    return applied


def _reduce(world: World, lines: Sequence[Json], held: str) -> int:
    coupon = coupon_of(world, held)
    only = world.store.applies_to.get(coupon["id"])
    matching = [line for line in lines if line["discountable"] and _left(line) > 0 and _applies(only, line)]
    whole = sum(_left(line) for line in matching)
    if not whole:
        return 0
    if coupon["percent_off"] is not None:
        share = Fraction(str(coupon["percent_off"])) / 100
    else:
        share = Fraction(min(coupon["amount_off"], whole), whole)
    wanted = round_half_up(share * whole)
    cut_so_far = Fraction(0)
    for line in matching:
        before = round_half_up(cut_so_far)
        cut_so_far += Fraction(wanted * _left(line), whole)
        cut = round_half_up(cut_so_far) - before
        line["discount_amounts"].append({"amount": cut, "discount": held})
        line["pretax_credit_amounts"].append(_pretax(held, cut))
    return wanted


def _applies(only: Json | None, line: Json) -> bool:
    return only is None or line["pricing"]["price_details"]["product"] in only["products"]


def _left(line: Json) -> int:
    left: int = line["amount"] - sum(cut["amount"] for cut in line["discount_amounts"])
    return left


def _pretax(held: str, cut: int) -> Json:
    return {"amount": cut, "discount": held, "type": "discount"}


def _tax(lines: Sequence[Json], subscription: Json) -> list[Json]:
    """Tax each line by its item's rates, or else the subscription's; give the sums by rate."""
    sums: dict[str, Json] = {}
    rates_of = {item["id"]: item["tax_rates"] for item in subscription["items"]["data"]}
    for line in lines:
        item = line["parent"]["subscription_item_details"]["subscription_item"]
        for rate in rates_of.get(item) or subscription["default_tax_rates"]:
            tax = _tax_on(_left(line), rate)
            line["taxes"].append(tax)
            summed = sums.setdefault(rate["id"], {**tax, "amount": 0, "taxable_amount": 0})
            summed["amount"] += tax["amount"]
            summed["taxable_amount"] += tax["taxable_amount"]
    return list(sums.values())


def _tax_on(amount: int, rate: Json) -> Json:
    share = Fraction(str(rate["percentage"])) / 100
    inclusive = rate["inclusive"]
    tax = round_half_up(amount * share / (1 + share) if inclusive else amount * share)
    return {
        "amount": tax,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "not_available",
        "taxable_amount": amount - tax if inclusive else amount,
        "type": "tax_rate_details",
    }
