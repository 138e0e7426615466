"""MRR of one subscription: which statuses count, what items cost a month, what discounts and tax take off."""

from libs.domain.mrr.evaluation import evaluate
from libs.domain.mrr.results import ItemMrr, Rule, SubscriptionMrr, Terms

__all__ = ["ItemMrr", "Rule", "SubscriptionMrr", "Terms", "evaluate"]
