"""Accounts of any size from a seed, in little memory: a few households that really live, each there many times.

`LargeAccount(seed, subscriptions)` serves the same REST API; its objects are made when they are asked for.
"""

from libs.fake_stripe.large.account import LargeAccount
from libs.fake_stripe.large.households import Lives

__all__ = ["LargeAccount", "Lives"]
