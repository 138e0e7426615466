"""The step function of one subscription's MRR: what it adds from an instant on, and what made it so."""

from datetime import datetime
from fractions import Fraction

from libs.domain.identity import Currency, CustomerId, EventId, SubscriptionId
from libs.domain.mrr import SubscriptionMrr
from libs.domain.subscription import Subscription
from libs.domain.totals import Total
from libs.domain.value import value
from libs.domain.version import Version


@value(frozen=True, slots=True)
class Step:
    """From `at` on, until the next step of the same subscription, `mrr` holds.

    `version` is what held then, `caused_by` the events that made the step; where the clock alone did, the event of
    the version that had said so. `estimated`: nobody told of it, the first version seen lets us assume it.
    """

    at: datetime
    customer: CustomerId
    version: Version[Subscription]
    mrr: SubscriptionMrr
    caused_by: tuple[EventId, ...] = ()
    estimated: bool = False

    @property
    def subscription(self) -> SubscriptionId:
        return self.mrr.subscription

    @property
    def currency(self) -> Currency:
        return self.mrr.currency

    @property
    def amount(self) -> Fraction:
        return self.mrr.amount

    @property
    def own(self) -> Total:
        """The amount in the subscription's own currency."""
        return Total(self.mrr.amount, self.mrr.currency)
