"""What a key may read, found out by reading."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from libs.stripe_gateway.account import StripeAccount
from libs.stripe_gateway.faults import StripeRefused
from libs.stripe_gateway.pace import Budget

ACCOUNT = "account"
NEEDED_FOR = {
    ACCOUNT: "to know which account this is",
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
INDISPENSABLE = frozenset({ACCOUNT, "subscriptions", "customers", "prices", "coupons"})


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


@dataclass(frozen=True, slots=True)
class Findings:
    """Whose key it is (None where it may not tell) and what it may read."""

    account: str | None
    permissions: tuple[Permission, ...]

    @property
    def lacking(self) -> tuple[Permission, ...]:
        """What the key is of no use without."""
        return tuple(each for each in self.permissions if each.is_lacking)


def _own_pace(_account: str) -> None:
    """Nobody else reads the account."""


async def probed(account: StripeAccount, budget_of: Callable[[str], Budget | None] = _own_pace) -> Findings:
    """The account's id, and each resource tried with the shortest page, within the budget of that account.

    Raises StripeRefused where the key itself is not valid (after one call), and StripeUnavailable.
    """
    identifier, own = await _identified(account)
    budget = None if identifier is None else budget_of(identifier)
    if budget is not None:
        account.keep_to(budget)
    others = [resource for resource in NEEDED_FOR if resource != ACCOUNT]
    found = await asyncio.gather(*(_tried(account, resource) for resource in others))
    return Findings(identifier, (own, *found))


async def _identified(account: StripeAccount) -> tuple[str | None, Permission]:
    try:
        return await account.identifier(), _permission(ACCOUNT, None)
    except StripeRefused as refused:
        return None, _permission(ACCOUNT, refused)


async def _tried(account: StripeAccount, resource: str) -> Permission:
    try:
        await account.may_list(resource)
    except StripeRefused as refused:
        return _permission(resource, refused)
    return _permission(resource, None)


def _permission(resource: str, refused: StripeRefused | None) -> Permission:
    if refused is None:
        return Permission(resource, True, NEEDED_FOR[resource])
    if refused.is_of_key:
        raise refused
    return Permission(resource, False, NEEDED_FOR[resource], refused.request_id)
