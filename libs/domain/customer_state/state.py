"""What is kept of one Stripe customer between two facts."""

from datetime import datetime

from libs.domain.customer import Customer
from libs.domain.discount import AppliedDiscount, Discount
from libs.domain.subscription import Subscription
from libs.domain.value import value
from libs.domain.version import Version


@value(frozen=True, slots=True)
class KnownDiscount:
    """What a discount grants, as the object seen at `at` spelled it out; other objects may name only its id."""

    at: datetime
    discount: Discount


@value(frozen=True, slots=True)
class CustomerState:
    """A function of the set of facts seen: equal for any order and any repeats, down to the encoded bytes.

    `newest` is the newest time of any fact (invoices included). `told_until` is how far events have told: the late
    window counts back from it (see `told_until` in `folding`). Histories are
    sorted by their object's id (discounts also by where they sit), versions within them by `storage_key`. `known` is
    sorted by the discount's id. `paid_since` is the earliest instant at which any version ever seen shows a paid
    subscription.
    """

    newest: datetime | None = None
    customer: tuple[Version[Customer], ...] = ()
    subscriptions: tuple[tuple[Version[Subscription], ...], ...] = ()
    discounts: tuple[tuple[Version[AppliedDiscount], ...], ...] = ()
    known: tuple[KnownDiscount, ...] = ()
    paid_since: datetime | None = None
    told_until: datetime | None = None


EMPTY = CustomerState()
