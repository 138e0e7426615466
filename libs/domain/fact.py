"""What one record tells about a customer, once Stripe's names are left behind."""

from typing import TypeGuard

from libs.domain.customer import Customer
from libs.domain.discount import AppliedDiscount
from libs.domain.invoice import Invoice
from libs.domain.subscription import Subscription
from libs.domain.version import Version

Fact = Version[Subscription] | Version[Customer] | Version[AppliedDiscount] | Version[Invoice]


def about_subscription(fact: Fact) -> TypeGuard[Version[Subscription]]:
    return isinstance(fact.content, Subscription)


def about_customer(fact: Fact) -> TypeGuard[Version[Customer]]:
    return isinstance(fact.content, Customer)


def about_discount(fact: Fact) -> TypeGuard[Version[AppliedDiscount]]:
    return isinstance(fact.content, AppliedDiscount)


def about_invoice(fact: Fact) -> TypeGuard[Version[Invoice]]:
    return isinstance(fact.content, Invoice)
