"""A merchant with everything that a webhook can't show, and ways to read its account quickly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rest.access import RESTRICTED_KEY
from libs.fake_stripe.specs import CouponSpec, ItemSpec, PriceSpec, SubscriptionSpec, TierSpec
from libs.stripe_gateway import Patience, StripeAccount, StripeApi, open_account

TIERS = (TierSpec(10, "500"), TierSpec(None, "300", "1000"))
QUICK = StripeApi(
    reads_per_second=2000,
    request_seconds=0.5,
    patience=Patience(tries=3, first_wait_seconds=0.01, longest_wait_seconds=0.05),
)


class Merchant:
    """A fake account with a product, a tiered price, a plain one, and a coupon for the first product alone."""

    def __init__(self) -> None:
        self.fake = FakeStripe()
        self.fake.server.outage.slow_seconds = 1.0  # longer than QUICK waits, shorter than a test may last
        self.engine = self.fake.engine
        self.product: str = self.engine.create_product("Seats")["id"]
        tiered = PriceSpec(unit=None, tiers=TIERS, product=self.product)
        self.tiered: str = self.engine.create_price(tiered)["id"]
        self.plain: str = self.engine.create_price(PriceSpec(unit="700"))["id"]
        self.coupon: str = self.engine.create_coupon(CouponSpec(percent_off=50, products=(self.product,)))["id"]
        self.customer: str = self.engine.create_customer("owner@customer.example")["id"]

    def subscribe(self, lines: int = 1, *coupons: str, price: str | None = None, customer: str | None = None) -> Json:
        """A subscription with so many lines: the first of the given price, the others of prices of their own."""
        others = [self.engine.create_price(PriceSpec(unit="100"))["id"] for _ in range(lines - 1)]
        items = tuple(ItemSpec(each, 12) for each in (price or self.tiered, *others))
        return self.engine.create_subscription(customer or self.customer, SubscriptionSpec(items, coupons))

    def calls(self, path: str) -> int:
        """How often an address was asked for."""
        return sum(asked == path for _, asked in self.fake.server.calls)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[StripeApi]:
        """How to read this account, while the block runs."""
        async with self.fake.serve() as url:
            yield replace(QUICK, base=url)

    @asynccontextmanager
    async def opened(self, key: str = RESTRICTED_KEY) -> AsyncIterator[StripeAccount]:
        """This account, while the block runs."""
        async with self.served() as api, open_account(api, key) as account:
            yield account
