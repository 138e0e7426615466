"""One entry of the ledger."""

from datetime import datetime
from fractions import Fraction

from libs.domain.identity import ClientId, Currency, CustomerId, EventId, SubscriptionId
from libs.domain.ledger.classification import MovementKind
from libs.domain.ledger.reason import Reason
from libs.domain.money import round_half_up
from libs.domain.subscription import Cancellation
from libs.domain.totals import Total
from libs.domain.value import value


@value(frozen=True, slots=True)
class Movement:
    """A client's MRR in `currency` went from `before` to `after` (exact minor units) at `occurred_at`.

    `customer` and `subscription` are those that moved it most. `own` is the change in the subscriptions' own
    currencies; it differs from the amount where the ledger has a base currency. A late version that changes a
    movement changes it under the same `id`. `recorded_at` is the time of the newest version that it follows from.
    """

    id: str
    client: ClientId
    kind: MovementKind
    currency: Currency
    before: Fraction
    after: Fraction
    occurred_at: datetime
    reason: Reason
    customer: CustomerId | None = None
    subscription: SubscriptionId | None = None
    cancellation: Cancellation | None = None
    estimated: bool = False
    caused_by: tuple[EventId, ...] = ()
    own: tuple[Total, ...] = ()
    recorded_at: datetime | None = None

    @property
    def amount(self) -> Fraction:
        """The change, exact and signed."""
        return self.after - self.before

    @property
    def shown(self) -> int:
        """The change in whole minor units, such that what is shown adds up: round(after) − round(before)."""
        return round_half_up(self.after) - round_half_up(self.before)
