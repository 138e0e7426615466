"""What a key may read, found out by reading."""

import asyncio
from dataclasses import dataclass

from libs.stripe_gateway.account import StripeAccount
from libs.stripe_gateway.faults import StripeRefused

NEEDED_FOR = {
    "subscriptions": "MRR: without it there is nothing to count",
    "customers": "who pays, and the clients that customers belong to",
    "prices": "tiers, which webhooks never carry",
    "coupons": "what discounts take off, and from which products",
    "products": "names of what is sold",
    "invoices": "payments, failed ones among them",
    "charges": "why a payment failed",
    "refunds": "revenue less refunds",
    "disputes": "dispute signals",
    "events": "what webhooks missed",
}
INDISPENSABLE = frozenset({"subscriptions", "customers", "prices", "coupons"})


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a resource may be read, and what that is for. `request_id` is Stripe's name for its refusal."""

    resource: str
    read: bool
    needed_for: str
    request_id: str | None = None

    @property
    def is_lacking(self) -> bool:
        """Whether the key is of no use without it."""
        return not self.read and self.resource in INDISPENSABLE


async def probed(account: StripeAccount) -> tuple[Permission, ...]:
    """Each resource, tried with the shortest page.

    Raises StripeRefused where the key itself is not valid (at once, so that few calls are made with it), and
    StripeUnavailable.
    """
    first, *others = NEEDED_FOR
    found = [await _tried(account, first)]
    found += await asyncio.gather(*(_tried(account, resource) for resource in others))
    return tuple(found)


async def _tried(account: StripeAccount, resource: str) -> Permission:
    try:
        await account.may_list(resource)
    except StripeRefused as refused:
        if refused.is_of_key:
            raise
        return Permission(resource, False, NEEDED_FOR[resource], refused.request_id)
    return Permission(resource, True, NEEDED_FOR[resource])
