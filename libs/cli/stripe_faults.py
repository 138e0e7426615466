"""What makes no sense in Stripe's objects, and where in the file it stands."""

import re
from collections.abc import Mapping

from libs.cli.located import Located, ScenarioError
from libs.domain.discount import Coupon, Discount
from libs.domain.money import is_currency
from libs.domain.price import Price
from libs.domain.subscription import Subscription
from libs.wire.codec import MalformedRecord

PATH_INSIDE = re.compile(r" - at `\$\.?(.*)`")
ORIGIN = re.compile(r"^.* in project local: ")
IN_PRICE = re.compile(r"^price of item ([^:]+): ")
FIELD = re.compile(r"^([a-z_]+(?:\.[a-z_]+)*) is ")
UNKNOWN = re.compile(r": unknown ([a-z_]+) ")


class FaultsAt:
    """What a reader finds wrong with an object, as a fault at its place in the file."""

    def __init__(self, one: Located) -> None:
        self._one = one

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, MalformedRecord):
            raise _located(self._one, ORIGIN.sub("", str(error))) from error


def _located(one: Located, fault: str) -> ScenarioError:
    """Most faults bring their path; the others begin with the field: "created is missing"."""
    if inside := IN_PRICE.match(fault):
        price = Located(f"{one.path}.items.data[{_place(one.value, inside[1])}].price", None)
        return _located(price, fault[inside.end() :])
    if path := PATH_INSIDE.search(fault):
        dot = "" if path[1].startswith("[") or not path[1] else "."
        return ScenarioError(f"{one.path}{dot}{path[1]}", PATH_INSIDE.sub("", fault))
    if field := FIELD.match(fault):
        return ScenarioError(f"{one.path}.{field[1]}", fault.removeprefix(f"{field[1]} "))
    if unknown := UNKNOWN.search(fault):
        return ScenarioError(f"{one.path}.{unknown[1]}", fault)
    if fault.endswith("has no customer"):
        return ScenarioError(f"{one.path}.customer", fault)
    return ScenarioError(one.path, fault)


def _place(subscription: object, item: str) -> int | str:
    lines = subscription.get("items") if isinstance(subscription, Mapping) else None
    data = lines.get("data") if isinstance(lines, Mapping) else None
    for index, line in enumerate(data if isinstance(data, list) else ()):
        if isinstance(line, Mapping) and line.get("id") == item:
            return index
    return item


def check_subscription(subscription: Subscription, one: Located) -> None:
    """Currencies exist, amounts are not negative, percentages are from 0 to 100. Raises ScenarioError."""
    _check_currency(subscription.currency, one.at("currency"))
    for index, item in enumerate(subscription.items):
        line = f"{one.path}.items.data[{index}]"
        check_price(item.price, Located(f"{line}.price", {}))
        _check_discounts(item.discounts, Located(f"{line}.discounts", {}))
    _check_discounts(subscription.discounts, Located(f"{one.path}.discounts", {}))


def check_price(price: Price, one: Located) -> None:
    """The same for a price."""
    _check_currency(price.currency, one.at("currency"))
    if price.unit_amount is not None and price.unit_amount < 0:
        one.at("unit_amount").refuse(f"must not be negative, and is {price.unit_amount}")
    for tier in price.tiers or ():
        if tier.unit_amount < 0 or tier.flat_amount < 0:
            one.at("tiers").refuse("must not hold negative amounts")


def check_coupon(coupon: Coupon, one: Located) -> None:
    """The same for a coupon."""
    if coupon.percent_off is not None and not 0 <= coupon.percent_off <= 100:
        one.at("percent_off").refuse(f"must be from 0 to 100, and is {coupon.percent_off}")
    for off in coupon.amounts_off:
        _check_currency(off.currency, one.at("currency"))
        if off.amount < 0:
            one.at("amount_off").refuse(f"must not be negative, and is {off.amount}")


def _check_discounts(discounts: tuple[Discount, ...], where: Located) -> None:
    for index, discount in enumerate(discounts):
        if discount.coupon is not None:
            check_coupon(discount.coupon, Located(f"{where.path}[{index}].coupon", {}))


def _check_currency(code: str, where: Located) -> None:
    if not is_currency(code):
        where.refuse(f"there is no such currency: {code!r}")
