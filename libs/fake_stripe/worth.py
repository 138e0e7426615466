"""What the account is worth a month, worked out plainly from its objects: a second opinion on the product's figures.

Written from the public rules alone and sharing no code with the product: default policy, exact fractions of minor
units. Slow and simple on purpose.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.store import Store

MONTHS = {"day": Fraction(12, 365), "week": Fraction(12, 52), "month": Fraction(1), "year": Fraction(12)}
COUNTED = {"active", "past_due"}
DRAFTS = "keep_as_draft"

Worth = dict[str, Fraction]


class Appraisal:
    """Monthly worth by customer and currency at one second."""

    def __init__(self, store: Store, now: int) -> None:
        self._store, self._now = store, now

    def by_customer(self) -> dict[str, Worth]:
        """Exact minor units a month, for each customer with a subscription that still exists or has existed."""
        worth: dict[str, Worth] = defaultdict(dict)
        for subscription in self._store.all("subscription"):
            of_customer = worth[subscription["customer"]]
            currency = subscription["currency"]
            of_customer[currency] = of_customer.get(currency, Fraction(0)) + self.of_subscription(subscription)
        return worth

    def of_subscription(self, subscription: Json) -> Fraction:
        """What one subscription brings a month."""
        if not self._counts(subscription):
            return Fraction(0)
        amounts = {item["id"]: self._gross(item) for item in subscription["items"]["data"] if _recurs(item)}
        items = [item for item in subscription["items"]["data"] if item["id"] in amounts]
        for item in items:
            self._reduce(amounts, [item], self._in_force(item["discounts"]))
        own = self._in_force(subscription["discounts"])
        self._reduce(amounts, items, own or self._of_customer(subscription["customer"]))
        return sum(amounts.values(), Fraction(0))

    def _counts(self, subscription: Json) -> bool:
        if subscription["status"] not in COUNTED or not self._store.has("customer", subscription["customer"]):
            return False
        ends = [subscription["ended_at"], subscription["cancel_at"]]
        if subscription["cancel_at_period_end"] and subscription["cancel_at"] is None:
            ends.append(max(item["current_period_end"] for item in subscription["items"]["data"]))
        if any(end is not None and end <= self._now for end in ends):
            return False
        pause = subscription["pause_collection"]
        resumed = pause is None or (pause.get("resumes_at") or self._now + 1) <= self._now
        return resumed or pause["behavior"] == DRAFTS

    def _gross(self, item: Json) -> Fraction:
        price, quantity = item["price"], item.get("quantity", 1)
        recurring = price["recurring"]
        months: Fraction = MONTHS[recurring["interval"]] * recurring["interval_count"]
        return self._charge(price, quantity) / months

    def _charge(self, price: Json, quantity: int) -> Fraction:
        if price["billing_scheme"] == "tiered":
            return _tiered(self._store.tiers[price["id"]], price["tiers_mode"], quantity)
        package = price["transform_quantity"]
        if package:
            whole, rest = divmod(quantity, package["divide_by"])
            quantity = whole + (1 if rest and package["round"] == "up" else 0)
        return Fraction(Decimal(price["unit_amount_decimal"])) * quantity

    def _in_force(self, discount_ids: Iterable[str]) -> list[Json]:
        discounts = [self._store.recall("discount", each) for each in discount_ids]
        return [each for each in discounts if each["end"] is None or each["end"] > self._now]

    def _of_customer(self, customer: str) -> list[Json]:
        discount = self._store.get("customer", customer)["discount"]
        return self._in_force([discount["id"]]) if discount else []

    def _reduce(self, amounts: Worth, items: list[Json], discounts: list[Json]) -> None:
        coupons = [self._store.recall("coupon", each["source"]["coupon"]) for each in discounts]
        lasting = [coupon for coupon in coupons if coupon["duration"] != "once"]
        for coupon in sorted(lasting, key=lambda coupon: coupon["percent_off"] is None):
            meant = [item for item in items if self._applies(coupon, item)]
            if coupon["percent_off"] is not None:
                for item in meant:
                    amounts[item["id"]] *= 1 - Fraction(Decimal(str(coupon["percent_off"]))) / 100
            else:
                _take_amount(amounts, meant, coupon["amount_off"])

    def _applies(self, coupon: Json, item: Json) -> bool:
        products = self._store.applies_to.get(coupon["id"], {}).get("products")
        return products is None or item["price"]["product"] in products


def _recurs(item: Json) -> bool:
    recurring = item["price"]["recurring"]
    return recurring is not None and recurring["usage_type"] == "licensed"


def _tiered(tiers: list[Json], mode: str, quantity: int) -> Fraction:
    total, below = Fraction(0), 0
    for tier in tiers:
        top = tier["up_to"]
        reached = top is None or quantity <= top
        units = (quantity if top is None else min(quantity, top)) - below
        cost = Fraction(Decimal(tier["unit_amount_decimal"] or 0)), Fraction(Decimal(tier["flat_amount_decimal"] or 0))
        if mode == "volume" and reached:
            return quantity * cost[0] + cost[1]
        if mode == "graduated" and (units > 0 or below == 0):
            total += max(units, 0) * cost[0] + cost[1]
        if reached:
            break
        below = top
    return total


def _take_amount(amounts: Worth, items: list[Json], amount: int) -> None:
    """An amount comes off each invoice, so its monthly part follows from the shortest interval that it meets."""
    paying = [item for item in items if amounts[item["id"]] > 0]
    total = sum((amounts[item["id"]] for item in paying), Fraction(0))
    if not total:
        return
    recurring = [item["price"]["recurring"] for item in paying]
    months = min(MONTHS[each["interval"]] * each["interval_count"] for each in recurring)
    kept = max(Fraction(0), 1 - amount / months / total)
    for item in paying:
        amounts[item["id"]] *= kept


WHOLE = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
THOUSANDTHS = {"bhd", "jod", "kwd", "omr", "tnd"}


def in_words(amount: Fraction, currency: str) -> str:
    """Minor units as people write them, rounded half up once: "123.45"."""
    digits = 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2
    minor = (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)
    text = str(minor).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text
