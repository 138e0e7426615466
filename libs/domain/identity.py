"""The ids that the rules speak of. Each is Stripe's or the project's own text, told apart by type only."""

from typing import NewType

ProjectId = NewType("ProjectId", str)
AccountId = NewType("AccountId", str)
CustomerId = NewType("CustomerId", str)
ClientId = NewType("ClientId", str)
SubscriptionId = NewType("SubscriptionId", str)
ItemId = NewType("ItemId", str)
PriceId = NewType("PriceId", str)
ProductId = NewType("ProductId", str)
CouponId = NewType("CouponId", str)
DiscountId = NewType("DiscountId", str)
InvoiceId = NewType("InvoiceId", str)
EventId = NewType("EventId", str)
Currency = NewType("Currency", str)  # ISO 4217, lower case, as Stripe writes it


def own_client(customer: CustomerId) -> ClientId:
    """The client that a customer is when no other client claims it, so that nothing is left out of a total."""
    return ClientId(f"customer:{customer}")
