"""What a merchant and its customers can do to the account: each call changes objects and emits events."""

from datetime import datetime

from libs.fake_stripe import cards, catalog, customers, disputes, payments, subscriptions, updates
from libs.fake_stripe.changes import Change
from libs.fake_stripe.json_types import Json, frozen_copy
from libs.fake_stripe.lifecycle import advance_to
from libs.fake_stripe.payments import NO_PAYMENT_METHOD, OUTCOMES
from libs.fake_stripe.specs import CancellationSpec, CouponSpec, PriceSpec, SubscriptionSpec
from libs.fake_stripe.updates import Proration
from libs.fake_stripe.world import World

_ASKED_FOR = CancellationSpec()


class Engine:
    """The account's operations. Every object given back is a copy."""

    def __init__(self, world: World) -> None:
        self.world = world

    def advance_clock(self, to: datetime | int) -> None:
        """Move the clock to a time (or Unix second), renewing, retrying and ending on the way."""
        second = to if isinstance(to, int) else int(to.timestamp())
        advance_to(self.world, second)

    def lose_events(self, types: str = "*", count: int = 1) -> None:
        """Never generate the next events whose type fits a pattern: no webhook and no feed will tell of the change."""
        self.world.losing[types] += count

    def create_product(self, name: str) -> Json:
        """Make a product."""
        with self.world.request():
            return frozen_copy(catalog.create_product(self.world, name))

    def create_price(self, spec: PriceSpec) -> Json:
        """Make a price, with a product of its own unless one is named."""
        with self.world.request():
            return frozen_copy(catalog.create_price(self.world, spec))

    def set_price_active(self, price: str, *, active: bool) -> Json:
        """Archive a price or bring it back."""
        with self.world.request():
            return frozen_copy(catalog.set_price_active(self.world, price, active=active))

    def create_coupon(self, spec: CouponSpec) -> Json:
        """Make a coupon."""
        with self.world.request():
            return frozen_copy(catalog.create_coupon(self.world, spec))

    def delete_coupon(self, coupon: str) -> Json:
        """Delete a coupon; discounts made from it go on."""
        with self.world.request():
            return frozen_copy(catalog.delete_coupon(self.world, coupon))

    def create_tax_rate(self, percentage: float, *, inclusive: bool = False) -> Json:
        """Make a tax rate."""
        with self.world.request():
            return frozen_copy(catalog.create_tax_rate(self.world, percentage, inclusive=inclusive))

    def create_customer(self, email: str | None = None, name: str | None = None) -> Json:
        """Make a customer."""
        with self.world.request():
            return frozen_copy(customers.create_customer(self.world, email, name))

    def update_customer(self, customer: str, **fields: object) -> Json:
        """Set fields such as `email` or `metadata`."""
        with self.world.request():
            return frozen_copy(customers.update_customer(self.world, customer, fields))

    def delete_customer(self, customer: str) -> Json:
        """Delete a customer; its subscriptions end with it."""
        with self.world.request():
            return frozen_copy(customers.delete_customer(self.world, customer))

    def discount_customer(self, customer: str, coupon: str) -> Json:
        """Put a coupon on a customer, in place of the one it has; gives the discount."""
        with self.world.request():
            return frozen_copy(customers.discount_customer(self.world, customer, coupon))

    def undiscount_customer(self, customer: str) -> None:
        """Take the customer's discount off."""
        with self.world.request():
            customers.undiscount_customer(self.world, customer)

    def set_payment_outcome(self, customer: str, outcome: str) -> None:
        """Decide how the customer's payments end from now on: one of `payments.OUTCOMES`."""
        if outcome not in OUTCOMES:
            raise ValueError(f"payment outcome {outcome!r} is unknown: use one of {', '.join(OUTCOMES)}")
        self.world.payment_outcomes[customer] = outcome
        if outcome == NO_PAYMENT_METHOD:
            with self.world.request():
                cards.take_card(self.world, customer)

    def give_card(self, customer: str, exp_month: int, exp_year: int) -> Json:
        """Have a customer give a card, which pays from now on; how its payments end stays as it is."""
        with self.world.request():
            return frozen_copy(cards.give_card(self.world, customer, exp_month, exp_year))

    def renew_card(self, method: str, exp_month: int, exp_year: int) -> Json:
        """Have the bank renew a card."""
        return frozen_copy(cards.renew_card(self.world, method, exp_month, exp_year))

    def warn_of_fraud(self, charge: str) -> Json:
        """Have the card network warn that a charge may be disputed as fraud."""
        return frozen_copy(cards.warn_of_fraud(self.world, charge))

    def settle_warning(self, warning: str) -> Json:
        """Leave nothing to do about a warning: its charge was refunded or disputed."""
        return frozen_copy(cards.settle_warning(self.world, warning))

    def create_subscription(self, customer: str, spec: SubscriptionSpec) -> Json:
        """Start a subscription: on trial, active if it is paid at once, else incomplete."""
        with self.world.request():
            return frozen_copy(subscriptions.create_subscription(self.world, customer, spec))

    def update_subscription(
        self, subscription: str, *changes: Change, proration: Proration = "create_prorations"
    ) -> Json:
        """Apply changes in one call, which makes one `customer.subscription.updated`."""
        with self.world.request():
            return frozen_copy(updates.update_subscription(self.world, subscription, changes, proration))

    def cancel_subscription(self, subscription: str, why: CancellationSpec = _ASKED_FOR) -> Json:
        """End a subscription at once."""
        with self.world.request():
            return frozen_copy(subscriptions.cancel_subscription(self.world, subscription, why))

    def pause_subscription(self, subscription: str) -> Json:
        """Move a subscription to the status paused."""
        with self.world.request():
            return frozen_copy(subscriptions.pause_subscription(self.world, subscription))

    def resume_subscription(self, subscription: str) -> Json:
        """Bring a paused subscription back."""
        with self.world.request():
            return frozen_copy(subscriptions.resume_subscription(self.world, subscription))

    def record_usage(self, item: str, quantity: int) -> None:
        """Add units to what a metered item is billed for at the end of its period."""
        self.world.usage[item] = self.world.usage.get(item, 0) + quantity

    def pay_invoice(self, invoice: str) -> Json:
        """Try to collect an open invoice now, with the customer's payment outcome."""
        with self.world.request():
            bill = self.world.store.get("invoice", invoice)
            payments.collect(self.world, bill)
            return frozen_copy(bill)

    def refund(self, charge: str, amount: int) -> Json:
        """Give money of a charge back."""
        with self.world.request():
            return frozen_copy(payments.refund(self.world, charge, amount))

    def open_dispute(self, charge: str, reason: str = "fraudulent") -> Json:
        """Have the customer's bank take a charge back."""
        return frozen_copy(disputes.open_dispute(self.world, charge, reason))

    def close_dispute(self, dispute: str, won: bool = False) -> Json:
        """Let the bank decide who is right."""
        return frozen_copy(disputes.close_dispute(self.world, dispute, won=won))
