"""A stateful, deterministic Stripe: the outside world of the demo and the tests.

It imports nothing of the product, so that the product can be judged against it.
"""

from libs.fake_stripe.fake import FakeStripe

__all__ = ["FakeStripe"]
