"""Stripe's customer: the e-mail, the discount and the metadata that can name a client."""

import msgspec

from libs.domain.customer import Customer
from libs.domain.identity import CustomerId
from libs.wire.stripe_event.discounts import discount_of
from libs.wire.stripe_event.fingerprints import fingerprint
from libs.wire.stripe_event.narrowing import instant
from libs.wire.stripe_event.shapes import CustomerShape

DECODER = msgspec.json.Decoder(CustomerShape)

FIELDS = frozenset({"email", "discount", "metadata", "deleted"})


def customer_of(shape: CustomerShape, deleted: bool) -> Customer:
    """The customer; `deleted` where the event's type says so. Raises MalformedRecord."""
    return Customer(
        id=CustomerId(shape.id),
        email=shape.email,
        discount=None if shape.discount is None else discount_of(shape.discount),
        metadata=tuple(sorted((key, value) for key, value in (shape.metadata or {}).items() if value is not None)),
        created=instant(shape.created),
        deleted=deleted or shape.deleted,
    )


def customer_fingerprint(customer: Customer) -> bytes:
    """What the customer says, the discount by its id."""
    discount = None if customer.discount is None else customer.discount.id
    return fingerprint((customer.email, discount, customer.metadata, customer.deleted))
