"""The numbers that the products publish, where they hold; what they got wrong is left out.

Left out on purpose: Stripe's glossary prints 800/12 for a plan of 600 a year, and Kill Bill gives weekly plans 0.
"""

from decimal import Decimal
from fractions import Fraction

import pytest

from libs.domain.mrr import evaluate
from libs.domain.policy import policy_of
from libs.domain.subscription import Subscription
from tests.builders import (
    amount_off,
    coupon,
    discount,
    item,
    percent_off,
    price,
    subscription,
    terms,
    tier,
    tiered_price,
)

FONTS = (tier(5, 700), tier(10, 650), tier(None, 600))


@pytest.mark.parametrize(
    ("of", "options", "dollars"),
    [
        (subscription(item(price(120000, "year"))), {}, "100.00"),
        (subscription(item(price(60000, "year"), 50)), {}, "2500.00"),
        (subscription(item(price(10000), 100)), {}, "10000.00"),
        (subscription(item(price(22800, "year"))), {}, "19.00"),
        (subscription(item(price(5000, "month", 2))), {}, "25.00"),
        (subscription(item(price(1000, "week"))), {}, "43.33"),
        (subscription(item(price(100, "day"))), {"day_factor": 30}, "30.00"),
        (subscription(item(price(12000, "year")), discounts=(percent_off(10),)), {}, "9.00"),
        (subscription(item(price(2900)), discounts=(percent_off(50),)), {}, "14.50"),
        (subscription(item(price(120000, "year")), discounts=(amount_off(50000),)), {}, "58.33"),
        (subscription(item(tiered_price("volume", *FONTS), 6)), {}, "39.00"),
        (subscription(item(tiered_price("volume", *FONTS), 25)), {}, "150.00"),
        (subscription(item(tiered_price("graduated", *FONTS), 6)), {}, "41.50"),
        (subscription(item(tiered_price("volume", tier(1000, 10), tier(None, 5)), 500)), {}, "50.00"),
        (subscription(discounts=(discount(coupon(50, duration="once")),)), {}, "10.00"),
    ],
    ids=[
        "Stripe: 1,200 a year is 100",
        "Stripe: 50 on a plan of 600 a year",
        "Stripe: 100 on a plan of 100 a month",
        "stripe-pulse: 228 a year is 19",
        "stripe-pulse: 50 each 2 months is 25",
        "stripe-pulse: 10 a week is 43.33",
        "stripe-pulse: 1 a day is 30 with its factor",
        "ProfitWell: 120 a year less 10% is 9",
        "Stripe: half off for ever halves it",
        "stripe-pulse: 500 off a yearly plan is 41.67 a month",
        "Stripe: 6 fonts by volume",
        "Stripe: 25 fonts by volume",
        "Stripe: 6 fonts graduated",
        "stripe-pulse: 500 units of a first tier to 1,000",
        "Stripe: a coupon used once leaves it alone",
    ],
)
def test_published_examples(of: Subscription, options: dict[str, object], dollars: str) -> None:
    amount = evaluate(of, terms(policy_of("default", options))).amount
    assert abs(amount - Fraction(Decimal(dollars)) * 100) < Fraction(1, 2)
