"""What one record tells about a customer, once Stripe's names are left behind."""

from libs.domain.customer import Customer
from libs.domain.discount import AppliedDiscount
from libs.domain.invoice import Invoice
from libs.domain.subscription import Subscription
from libs.domain.version import Version

Fact = Version[Subscription] | Version[Customer] | Version[AppliedDiscount] | Version[Invoice]
