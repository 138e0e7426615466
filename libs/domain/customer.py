"""A Stripe customer: whom the subscriptions belong to. Nothing of the person but the e-mail is kept."""

from datetime import datetime

from libs.domain.discount import Discount
from libs.domain.identity import CustomerId
from libs.domain.value import value


@value(frozen=True, slots=True)
class Customer:
    """`discount` is the customer-level one: it applies to each subscription that has none of its own.

    `metadata` holds the pairs that can name a client, sorted by name. `deleted` customers pay nothing any more.
    """

    id: CustomerId
    email: str | None = None
    discount: Discount | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    created: datetime | None = None
    deleted: bool = False
