"""Stripe's REST API over one account, and a side door for those who test against it."""

from libs.fake_stripe.rest.access import Access
from libs.fake_stripe.rest.server import Server

__all__ = ["Access", "Server"]
