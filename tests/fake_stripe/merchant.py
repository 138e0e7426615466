"""A small shop to arrange tests with: a fake account, one price, one customer who pays."""

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.settings import AccountSettings
from libs.fake_stripe.specs import ItemSpec, PriceSpec, SubscriptionSpec

DAY = 86_400


class Shop:
    """Shortens the calls that every test makes."""

    def __init__(self, settings: AccountSettings | None = None) -> None:
        self.fake = FakeStripe(settings=settings or AccountSettings())
        self.engine = self.fake.engine
        self.customer: str = self.engine.create_customer("owner@customer.example")["id"]

    def price(self, unit: str | None = "1000", **rest: object) -> str:
        made: str = self.engine.create_price(PriceSpec(unit=unit, **rest))["id"]  # type: ignore[arg-type]
        return made

    def subscribe(self, *prices: str, quantity: int = 1, **rest: object) -> Json:
        items = tuple(ItemSpec(price, quantity) for price in prices or (self.price(),))
        return self.engine.create_subscription(self.customer, SubscriptionSpec(items=items, **rest))  # type: ignore[arg-type]

    def pass_days(self, days: float) -> None:
        self.engine.advance_clock(self.fake.clock.now + int(days * DAY))

    def types_since(self, count: int) -> list[str]:
        return [event["type"] for event in self.fake.events[count:]]

    def last(self, event_type: str) -> Json:
        found: Json = next(event for event in reversed(self.fake.events) if event["type"] == event_type)
        return found

    def subscription(self, subscription_id: str) -> Json:
        return next(each for each in self.fake.objects("subscription") if each["id"] == subscription_id)
