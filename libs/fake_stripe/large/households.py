"""The households that a large account is made of: customers with a subscription, invoices, payments and events."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from libs.fake_stripe.changes import SetQuantity
from libs.fake_stripe.engine import Engine
from libs.fake_stripe.fake import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.specs import CouponSpec, ItemSpec, PriceSpec, SubscriptionSpec, TierSpec

HOUSEHOLDS = 40
LIVED = timedelta(days=95)
MONTH = timedelta(days=30)
PACE_DAYS = 60.0
TIERS = (TierSpec(10, "500"), TierSpec(None, "300", "1000"))


@dataclass(frozen=True, slots=True)
class Lives:
    """Households that live for so many months in every way there is: trials, upgrades, coupons of all kinds, pauses,
    failed payments, cancellations and returns, in several currencies. Their payments make no events of their own."""

    months: int
    households: int = 250

    @property
    def lived(self) -> timedelta:
        """From the account's begin until its present."""
        return self.months * MONTH


def populate(fake: FakeStripe) -> None:
    """Let households begin, live for a quarter, and change a little; all follows from the fake's seed."""
    random = Random(fake.seed)  # noqa: S311 - dice, not a secret
    prices = _prices(fake.engine)
    coupons = (fake.engine.create_coupon(CouponSpec(percent_off=20))["id"], None, None)
    made = [_household(fake.engine, random, prices, coupons) for _ in range(HOUSEHOLDS)]
    fake.engine.advance_clock(fake.clock.moment + LIVED)
    for subscription in made[:4]:
        fake.engine.cancel_subscription(subscription["id"])
    for subscription in made[4:8]:
        item = subscription["items"]["data"][0]["id"]
        fake.engine.update_subscription(subscription["id"], SetQuantity(item, 7))
    charge = next(each for each in fake.objects("charge") if each["paid"])
    fake.engine.refund(charge["id"], charge["amount"] // 2)


def live(fake: FakeStripe, lives: Lives) -> None:
    """Let households live; all follows from the fake's seed. The present is a begin and so many months."""
    spec = HistorySpec(seed=fake.seed, customers=lives.households, months=lives.months, pace_days=PACE_DAYS)
    play(fake.engine, spec)


def _prices(engine: Engine) -> tuple[str, ...]:
    product = engine.create_product("Seats")["id"]
    specs = (
        PriceSpec(unit="1900", product=product),
        PriceSpec(unit="4900", product=product),
        PriceSpec(unit="99000", interval="year", product=product),
        PriceSpec(unit=None, tiers=TIERS, product=product),
    )
    return tuple(engine.create_price(spec)["id"] for spec in specs)


def _household(engine: Engine, random: Random, prices: tuple[str, ...], coupons: tuple[str | None, ...]) -> Json:
    number = random.randrange(10**9)
    customer = engine.create_customer(f"owner@household{number}.example")["id"]
    coupon = random.choice(coupons)
    item = ItemSpec(random.choice(prices), random.randint(1, 20))
    return engine.create_subscription(customer, SubscriptionSpec((item,), (coupon,) if coupon else ()))
